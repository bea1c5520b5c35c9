"""What people send from the group pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from review.models import GroupVerdict
from review.numbers import number
from review.services.group_decisions import GroupAnswer
from review.services.notes import MOST_NOTE
from scanning.models import Library


class PicturesField(forms.Field):
    """Ids of the pictures that are ticked."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> frozenset[int]:
        return frozenset(pk for text in value or () if (pk := number(text)) is not None)


class GroupAnswerForm(forms.Form):
    """A verdict on a group. `reason_rest`: of “all but these”, why the rest are duplicates."""

    verdict = forms.CharField(error_messages={"required": _("Choose a verdict.")})
    reason = forms.CharField(required=False)
    reason_rest = forms.CharField(required=False)
    reason_apart = forms.CharField(required=False)
    picture = PicturesField(required=False)
    note = forms.CharField(
        required=False,
        max_length=MOST_NOTE,
        error_messages={
            "max_length": _("The note has %(show_value)d characters; %(limit_value)d fit.")
        },
    )
    seen = forms.CharField()
    nonce = forms.UUIDField()

    @property
    def answer(self) -> GroupAnswer:
        """What was said; what belongs to another verdict is left aside."""
        given = self.cleaned_data
        verdict = given["verdict"]
        is_part = verdict == GroupVerdict.PART
        return GroupAnswer(
            verdict=verdict,
            seen=given["seen"],
            nonce=given["nonce"],
            reason=given["reason_rest" if is_part else "reason"],
            reason_apart=given["reason_apart"],
            apart=given["picture"] if is_part else frozenset(),
            note=given["note"],
        )


class GroupFilterForm(forms.Form):
    """Which groups the list shows."""

    SIZES = (
        ("3", _("3 pictures or more")),
        ("10", _("10 pictures or more")),
        ("2", _("2 pictures or more")),
    )

    library = forms.ModelChoiceField(
        Library.objects.none(), required=False, empty_label=_("All libraries"), label=_("Library")
    )
    size = forms.ChoiceField(choices=SIZES, required=False, label=_("Size"))
