"""The base class of fitters of processes in continuous time."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np

from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters import BaseFitter
from clvmodels.compat.lifetimes.time_units import unit_of
from clvmodels.compat.lifetimes.utils import _check_inputs, _scale_time
from clvmodels.processes.contract import Array, PurchaseProcess

__all__ = ["ContinuousTimeFitter"]


class ContinuousTimeFitter(BaseFitter):
    """A fitter whose customers buy at any time, from the first purchase to the age T."""

    process: ClassVar[PurchaseProcess]

    def _fit_times(
        self, columns: dict[str, Any], weights: Any, share: float, verbose: bool, index: Any
    ) -> tuple[Array, tuple[Any, Any, Any, Any]]:
        """Fit frequency, recency and T; return the parameters and the rows in units of the largest T.

        `share` is the weight of the penalty, which lifetimes applies to the parameters in that unit.
        """
        unit = unit_of(columns["T"])
        rows = {name: np.asarray(column) for name, column in columns.items()}
        rows["frequency"] = rows["frequency"].astype(int)
        _check_inputs(*rows.values())
        self._scale = _scale_time(rows["T"])
        form = self.process.parametrization
        scales = np.exp(form.log_scale(self._scale))
        self._estimate(self.process, rows, weights, self.penalizer_coef * share * scales**2, verbose, index)
        self._time_unit = unit
        self._bind()
        recency, ages = rows["recency"] * self._scale, rows["T"] * self._scale
        return self.params_.to_numpy() * scales, (rows["frequency"], recency, ages, self.data["weights"].to_numpy())

    def _bind(self) -> None:
        """Set the attributes of a fitted model other than its parameters."""
        self.predict = self.conditional_expected_number_of_purchases_up_to_time
        self.generate_new_data = self._generate

    def _generate(self, size: int = 1) -> Any:
        raise NotImplementedError

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the expected purchases in (T, T + t] of customers with these histories.

        Parameters
        ----------
        t, frequency, recency, T : array_like

        Returns
        -------
        float, array or Series
        """
        expected = partial(self.process.expected_purchases, self._parameters)
        if np.ndim(t) == 0:
            return evaluate(partial(expected, float(t)), frequency, recency, T)
        return evaluate(expected, t, frequency, recency, T)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the probability that customers with these histories are active at T.

        Parameters
        ----------
        frequency, recency, T : array_like
        """
        return evaluate(partial(self.process.probability_alive, self._parameters), frequency, recency, T)

    def conditional_probability_alive_matrix(self, max_frequency: Any = None, max_recency: Any = None) -> Array:
        """Return P(alive) by recency (rows) and frequency (columns) of customers aged `max_recency`.

        Parameters
        ----------
        max_frequency, max_recency : int, optional
            Default: the largest frequency and T that were fitted.
        """
        last = max_recency or int(self.data["T"].max())
        frequencies = np.arange((max_frequency or int(self.data["frequency"].max())) + 1)
        return as_array(self.conditional_probability_alive(*np.meshgrid(frequencies, np.arange(last + 1)), last))

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the expected repeat purchases of a new customer by t.

        Parameters
        ----------
        t : array_like
        """
        return evaluate(partial(self.process.mean_purchases, self._parameters), t)
