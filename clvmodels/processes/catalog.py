"""All processes, by name."""

from __future__ import annotations

from clvmodels.processes import bgbb, bgnbd, cnbd_k, gamma_gamma, ggompertz_nbd, mbgnbd, nbd, pareto_nbd
from clvmodels.processes.contract import PurchaseProcess, SpendProcess

__all__ = ["PURCHASE_PROCESSES", "SPEND_PROCESSES"]

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
