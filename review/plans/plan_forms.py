"""What people send from the pages of action plans."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from review.keeping import BY_LOOKS
from review.models import ActionPlan, ActionRule
from review.plans.building import Narrowed
from review.plans.rules import rule_of
from review.services.action_rules import ActionFacts
from scanning.models import CandidatePair, Library

Tier = CandidatePair.Tier
REPLACE = "replace"


class PlanForm(forms.Form):
    """Which library, what happens, and to which duplicates."""

    library: "forms.ModelChoiceField[Library]" = forms.ModelChoiceField(
        Library.objects.none(), label=_("Library"), empty_label=None
    )
    action = forms.ChoiceField(
        label=_("What happens to the files that are not kept"),
        choices=[
            (ActionPlan.Action.TO_DO.value, _("Nothing here: a signed to-do list for people")),
            (REPLACE, _("Replace them by a reference to the kept file")),
            (ActionPlan.Action.DELETE.value, _("Quarantine them, then delete them")),
        ],
        initial=ActionPlan.Action.TO_DO.value,
        widget=forms.RadioSelect,
        help_text=_("The rule of the library says which of these is allowed, and by what."),
    )
    tiers = forms.MultipleChoiceField(
        label=_("Only pairs of these kinds"),
        choices=[(tier.value, tier.label) for tier in Tier],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    folder = forms.CharField(
        label=_("Only files in this folder"),
        required=False,
        max_length=1_000,
        help_text=_("What is kept for them may lie anywhere in the library."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = Library.objects.visible_to(user).order_by("name")
        self.fields["library"].queryset = given  # type: ignore[attr-defined]

    @property
    def action_chosen(self) -> str:
        """“Replace” means what the library's rule says."""
        action: str = self.cleaned_data["action"]
        rule = rule_of(self.cleaned_data["library"].pk)
        return rule.replacement if action == REPLACE and rule else action

    @property
    def narrowed(self) -> Narrowed:
        folder = self.cleaned_data["folder"].strip().strip("/")
        return Narrowed(tuple(self.cleaned_data["tiers"]), folder)


class ActionRuleForm(forms.Form):
    """What plans may do in a library, and the order of its keep rule."""

    may_act = forms.BooleanField(
        label=_("Plans may move and delete files of this library"),
        required=False,
        help_text=_("Otherwise, as in a library that is mounted read-only, they are to-do lists."),
    )
    replacement = forms.ChoiceField(
        label=_("What stands in for a replaced file"), choices=ActionRule.Replacement.choices
    )
    cooling_off_days = forms.IntegerField(
        label=_("Days in quarantine before a file is deleted"), min_value=1, max_value=3_650
    )
    change_reason = forms.CharField(
        label=_("Reason for the change"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, order: tuple[str, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers: list[tuple[str, Any]] = [
            ("", _("does not count")),
            *((str(place), str(place)) for place in range(1, len(BY_LOOKS) + 1)),
        ]
        for criterion in BY_LOOKS:
            code = criterion.code
            self.fields[f"place_{code}"] = forms.ChoiceField(
                label=str(criterion.word),
                choices=numbers,
                required=False,
                initial=str(order.index(code) + 1) if code in order else "",
            )

    @property
    def places(self) -> list[forms.BoundField]:
        """The fields of the order."""
        return [self[f"place_{criterion.code}"] for criterion in BY_LOOKS]

    @property
    def settings(self) -> list[forms.BoundField]:
        """The other fields."""
        return [field for field in self if not field.name.startswith("place_")]

    def clean(self) -> dict[str, Any]:
        """Each place is given once."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        places = [place for name, place in given.items() if name.startswith("place_") and place]
        if len(set(places)) < len(places):
            self.add_error(None, _("Give each place in the order to one criterion."))
        if not places:
            self.add_error(None, _("Choose at least one criterion."))
        return given

    def facts(self) -> ActionFacts:
        given = self.cleaned_data
        placed = sorted(
            (int(place), name.removeprefix("place_"))
            for name, place in given.items()
            if name.startswith("place_") and place
        )
        return ActionFacts(
            may_act=given["may_act"],
            replacement=given["replacement"],
            cooling_off_days=given["cooling_off_days"],
            keep_order=tuple(code for _place, code in placed),
        )
