"""What people send from the review pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from review.models import Matter, Verdict
from review.services.notes import MOST_NOTE


class AnswerForm(forms.Form):
    """A verdict with its reason. `token` belongs to the lease, `supersedes` to a change."""

    verdict = forms.ChoiceField(
        choices=[each for each in Verdict.choices if each[0] != Verdict.WITHDRAWN],
        error_messages={"required": _("Choose a verdict.")},
    )
    reason = forms.CharField(max_length=20, error_messages={"required": _("Choose a reason.")})
    note = forms.CharField(
        required=False,
        max_length=MOST_NOTE,
        error_messages={
            "max_length": _("The note has %(show_value)d characters; %(limit_value)d fit.")
        },
    )
    matter = forms.ModelChoiceField(Matter.objects.all(), required=False)
    token = forms.IntegerField(required=False, min_value=0)
    supersedes = forms.IntegerField(required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        answer: dict[str, Any] = super().clean() or {}
        verdict = answer.get("verdict")
        if verdict == Verdict.LEGAL_HOLD and not answer.get("matter"):
            raise ValidationError(_("Choose the matter under which the pictures are held."))
        return answer
