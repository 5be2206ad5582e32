"""The part of the report on actions: tiers, lists of customers and their files, and the largest cost of acquisition."""

from clvmodels.reporting.acting.customer_decisions import ActiveCustomers as ActiveCustomers
from clvmodels.reporting.acting.customer_decisions import CustomerDecisions as CustomerDecisions
from clvmodels.reporting.acting.customer_decisions import NewCustomer as NewCustomer
from clvmodels.reporting.acting.customer_decisions import decide as decide
from clvmodels.reporting.acting.what_to_do import WhatToDo as WhatToDo
from clvmodels.reporting.acting.what_to_do import trust_blocks as trust_blocks
from clvmodels.reporting.acting.what_to_do import what_to_do as what_to_do
