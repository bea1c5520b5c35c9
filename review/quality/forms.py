"""The forms of the quality pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from review.models import QualitySample, SecondReviewRule
from review.services.quality_samples import MOST


class RuleForm(forms.Form):
    """How much of a library is judged twice."""

    mode = forms.ChoiceField(
        label=_("Judged twice"), choices=SecondReviewRule.Mode.choices, widget=forms.RadioSelect
    )
    percent = forms.IntegerField(
        label=_("Size of the sample (%)"),
        required=False,
        min_value=1,
        max_value=99,
        help_text=_("Only for a random sample. Which pairs these are nobody can foresee."),
    )
    shows_names = forms.BooleanField(
        label=_("Whoever settles a pair is told who gave the two verdicts"), required=False
    )
    reason = forms.CharField(label=_("Why"), required=False, max_length=500)

    @classmethod
    def of(cls, rule: SecondReviewRule | None) -> "RuleForm":
        """The form as the rule in force stands."""
        if rule is None:
            return cls(initial={"mode": SecondReviewRule.Mode.OFF})
        initial = {"mode": rule.mode, "shows_names": rule.shows_names}
        if rule.mode == SecondReviewRule.Mode.SAMPLE:
            initial["percent"] = rule.percent
        return cls(initial=initial)

    @property
    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "percent": self.cleaned_data["percent"] or 0}


class SampleForm(forms.Form):
    """What to draw a sample from."""

    kind = forms.ChoiceField(
        label=_("Draw from"),
        choices=QualitySample.Kind.choices,
        widget=forms.RadioSelect,
        initial=QualitySample.Kind.LOOKALIKE,
    )
    size = forms.IntegerField(label=_("Pairs"), min_value=1, max_value=MOST, initial=100)
    score_from = forms.IntegerField(
        label=_("Score from (%)"),
        min_value=0,
        max_value=100,
        initial=0,
        help_text=_("A higher score draws from what was left out only just."),
    )

    @property
    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "score_from": self.cleaned_data["score_from"] * 10}
