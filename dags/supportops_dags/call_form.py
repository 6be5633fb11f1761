"""The form in which Airflow asks for a customer's call; its lists are those of the configuration.

A change of the files is in the form once the DAG file has been parsed again.
"""

from airflow.sdk import Param

from supportops.flows.tickets.call_lists import call_lists

PHONE = r"^$|^\s*[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?([xX]|[eE][xX][tT]\.?)\s?[0-9]{1,6})?\s*$"
BY_WORDS = "By the words of the call"
KNOWN = call_lists()


def offered(names):
    """What a free text may be chosen from; nothing where nothing is known."""
    return {"examples": list(names)} if names else {}


TIER = {
    "title": "How urgent",
    "description": "Empty: by the words of the call. A tier that wakes people pages the engineers.",
}
if KNOWN.tiers:
    TIER |= {
        "type": "string",
        "enum": ["", *KNOWN.tiers],
        "values_display": {"": BY_WORDS, **KNOWN.tiers},
    }
else:
    TIER |= {"type": ["null", "string"], "maxLength": 200}
FORM = {
    "customer": Param(
        type="string",
        title="Customer",
        minLength=1,
        maxLength=200,
        description="Who calls? Choose one, or write any other name.",
        **offered(KNOWN.customers),
    ),
    "site": Param(
        None,
        type=["null", "string"],
        title="Site",
        maxLength=200,
        description="Name or address; choose one, or write any other.",
        **offered(KNOWN.sites),
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
    "tier": Param("" if KNOWN.tiers else None, **TIER),
}
