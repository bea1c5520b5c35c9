"""What people send from the review pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from review.models import REASONS, Matter, Reason, Verdict
from review.services.decisions import MOST_NOTE


class AnswerForm(forms.Form):
    """A verdict with its reason. `token` belongs to the lease, `supersedes` to a change."""

    verdict = forms.ChoiceField(
        choices=[(verdict.value, verdict.label) for verdict in REASONS],
        error_messages={"required": _("Choose a verdict.")},
    )
    reason = forms.ChoiceField(
        choices=Reason.choices, error_messages={"required": _("Choose a reason.")}
    )
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
        verdict, reason = answer.get("verdict"), answer.get("reason")
        if verdict and reason and reason not in REASONS[Verdict(verdict)]:
            raise ValidationError(_("Choose a reason that belongs to the verdict."))
        if verdict == Verdict.LEGAL_HOLD and not answer.get("matter"):
            raise ValidationError(_("Choose the matter under which the pictures are held."))
        return answer
