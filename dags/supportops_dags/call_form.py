"""The form in which Airflow asks for a customer's call; its lists are those of the configuration.

A change of the files is in the form once the DAG file has been parsed again.
"""

from airflow.sdk import Param

from supportops.flows.tickets.call_lists import call_lists

PHONE = r"^$|^\s*[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?([xX]|[eE][xX][tT]\.?)\s?[0-9]{1,6})?\s*$"
BY_WORDS = "By the words of the call"
KNOWN = call_lists()


def text(title, description, names=(), **limits):
    """A text that may be chosen from `names`, where any are known."""
    offered = {"examples": list(names)} if names else {}
    return {"title": title, "description": description, **offered, **limits}


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
OPTIONAL = {"type": ["null", "string"]}
FORM = {
    "customer": Param(
        type="string",
        minLength=1,
        maxLength=200,
        **text("Customer", "Who calls? Choose one, or write any other name.", KNOWN.customers),
    ),
    "site": Param(
        None,
        maxLength=200,
        **text("Site", "Name or address; choose one, or write any other.", KNOWN.sites, **OPTIONAL),
    ),
    "what": Param(
        type="string",
        minLength=1,
        maxLength=4000,
        **text("What has happened", "In the caller's words.", format="multiline"),
    ),
    "number": Param(
        None,
        pattern=PHONE,
        **text("Caller's number", "To call back, such as +44 20 7946 0958.", **OPTIONAL),
    ),
    "tier": Param("" if KNOWN.tiers else None, **TIER),
}
