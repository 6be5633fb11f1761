"""The matchers of a silence, as the fields of a form have them: at most two."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from supportops.alerts.routing.matcher import How, Pattern
from supportops.alerts.silencing.silence import Label, Matcher, checked
from supportops.web.page import Query

Value = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


class Form(Query):
    """A matcher without a value is none."""

    label: Label = Label.SITE
    how: How = How.EQUAL
    value: Value = ""
    label2: Label = Label.KIND
    how2: How = How.EQUAL
    value2: Value = ""

    @property
    def given(self) -> bool:
        """Whether there is anything to match."""
        return bool(self.value.strip() or self.value2.strip())


def matchers_of(form: Form) -> tuple[Matcher, ...]:
    """The matchers of a form; of EQUAL the value is one name. Raises MatcherError."""
    rows = ((form.label, form.how, form.value), (form.label2, form.how2, form.value2))
    given = [(label, how, value.strip()) for label, how, value in rows if value.strip()]
    return checked([Matcher(label, Pattern(how, (value,))) for label, how, value in given])
