"""All processes, by name, and the names of the models that are fitted with them."""

from __future__ import annotations

from typing import NamedTuple

from clvmodels.processes import bgbb, bgnbd, cnbd_k, gamma_gamma, ggompertz_nbd, mbgnbd, nbd, pareto_nbd
from clvmodels.processes.contract import PurchaseProcess, SpendProcess

__all__ = ["MODEL_NAMES", "PURCHASE_PROCESSES", "SPEND_PROCESSES", "ModelName"]

PURCHASE_PROCESSES: dict[str, PurchaseProcess] = {
    process.name: process
    for process in (
        bgnbd.PROCESS,
        mbgnbd.PROCESS,
        pareto_nbd.PROCESS,
        ggompertz_nbd.PROCESS,
        nbd.PROCESS,
        bgbb.PROCESS,
        *(cnbd_k.process(k, leave_at_once) for leave_at_once in (False, True) for k in (2, 3)),
    )
}
SPEND_PROCESSES: dict[str, SpendProcess] = {process.name: process for process in (gamma_gamma.PROCESS,)}


class ModelName(NamedTuple):
    """The title of a model, and its class in `clvmodels`; `discrete` as for its process."""

    title: str
    class_name: str
    discrete: bool = False


MODEL_NAMES: dict[str, ModelName] = {
    bgnbd.PROCESS.name: ModelName(bgnbd.PROCESS.title, "BGNBD"),
    mbgnbd.PROCESS.name: ModelName(mbgnbd.PROCESS.title, "MBGNBD"),
    pareto_nbd.PROCESS.name: ModelName(pareto_nbd.PROCESS.title, "ParetoNBD"),
    ggompertz_nbd.PROCESS.name: ModelName(ggompertz_nbd.PROCESS.title, "GGompertzNBD"),
    nbd.PROCESS.name: ModelName(nbd.PROCESS.title, "NBD"),
    cnbd_k.family(leave_at_once=False): ModelName(cnbd_k.title("k", leave_at_once=False), "BGCNBD"),
    cnbd_k.family(leave_at_once=True): ModelName(cnbd_k.title("k", leave_at_once=True), "MBGCNBD"),
    bgbb.PROCESS.name: ModelName(bgbb.PROCESS.title, "BGBB", discrete=True),
    gamma_gamma.PROCESS.name: ModelName(gamma_gamma.PROCESS.title, "GammaGamma"),
}
"""The models that `profile` recommends or advises against, by the id of their process."""
