"""The form in which Airflow asks for a customer's call."""

from airflow.sdk import Param

PHONE = r"^$|^\s*[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?([xX]|[eE][xX][tT]\.?)\s?[0-9]{1,6})?\s*$"
FORM = {
    "customer": Param(
        type="string", title="Customer", minLength=1, maxLength=200, description="Who calls?"
    ),
    "site": Param(
        None, type=["null", "string"], title="Site", maxLength=200, description="Name or address."
    ),
    "what": Param(
        type="string",
        title="What has happened",
        format="multiline",
        minLength=1,
        maxLength=4000,
        description="In the caller's words.",
    ),
    "number": Param(
        None,
        type=["null", "string"],
        title="Caller's number",
        pattern=PHONE,
        description="For the engineer to call back, such as +44 20 7946 0958.",
    ),
    "tier": Param(
        None,
        type=["null", "string"],
        title="How urgent",
        maxLength=200,
        description="A tier of service_levels.yaml; empty: by the words of the call. A tier that "
        "wakes people pages the engineers.",
    ),
}
