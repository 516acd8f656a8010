"""Value of customers: the orders and the revenue to expect of each, tested on the last stretch of history."""

from models.value.customer_value import CustomerValueResult, ValueModel, fit_value_model, value_customers
from models.value.gamma_gamma import GammaGamma, fit_gamma_gamma

__all__ = [
    "CustomerValueResult",
    "GammaGamma",
    "ValueModel",
    "fit_gamma_gamma",
    "fit_value_model",
    "value_customers",
]
