"""A playbook to start from."""

from __future__ import annotations

import pandas as pd

from clvmodels.errors import InvalidOption, closest, list_names

__all__ = ["default_playbook"]

COLUMNS = ("segment", "action", "channel", "contact_cost", "extra_orders", "discount", "pulled_forward")
RULES = {
    "lists": (
        ("at risk", "personal call", "phone", 3.0, 0.10, 0.0, 0.0),
        ("at risk", "thank-you note", "email", 0.05, 0.02, 0.0, 0.0),
        ("win back", "we-miss-you letter", "post", 1.0, 0.05, 0.0, 0.0),
        ("second purchase", "guide to the first purchase", "email", 0.05, 0.02, 0.0, 0.0),
    ),
    "stages": (
        ("developing", "guide to the first purchase", "email", 0.05, 0.02, 0.0, 0.0),
        ("established", "early access", "email", 0.05, 0.02, 0.0, 0.5),
        ("overdue", "reminder", "email", 0.05, 0.03, 0.0, 0.5),
        ("dormant", "personal call", "phone", 3.0, 0.10, 0.0, 0.0),
        ("probably lost", "we-miss-you letter", "post", 1.0, 0.05, 0.0, 0.0),
        ("won back", "thank-you note", "email", 0.05, 0.02, 0.0, 0.0),
    ),
}


def default_playbook(segments: str = "lists") -> pd.DataFrame:
    """Return a playbook to start from: change it before use.

    Costs are in your currency and, like the extra orders, are placeholders: none of them was measured. No rule gives a
    discount, which all customers would take who order anyway.

    Parameters
    ----------
    segments : {"lists", "stages"}
        Rules for the lists of `action_lists`, or for the stages of `stages`.

    Returns
    -------
    DataFrame
        One row per rule, as for `plan_actions`.

    Raises
    ------
    InvalidOption
        For other segments.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.default_playbook()["action"].tolist()[:2]
    ['personal call', 'thank-you note']
    """
    if segments not in RULES:
        raise InvalidOption(
            f"segments={segments!r} is not one of {list_names(tuple(RULES))}.{closest(segments, RULES)}"
        )
    return pd.DataFrame(RULES[segments], columns=list(COLUMNS))
