"""What people send from the pages of retention."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from review.models import LibraryScheme, RecordClass, RetentionRuleVersion
from review.records.retention import parse_period
from review.records.retention_words import class_names
from review.services.retention import RuleFacts, SchemeFacts

SEPARATORS = ("=", "\N{FULLWIDTH EQUALS SIGN}")


def _classes() -> list[tuple[str, str]]:
    return list(class_names().items())


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Reason for the change"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
    )


class ClassForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A new record class."""

    class Meta:
        model = RecordClass
        fields = ["name", "code"]
        help_texts = {"code": _("Small letters, digits and “-”; it cannot be changed later.")}


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A rule as it is to be from now on."""

    classes = forms.MultipleChoiceField(
        label=_("Record classes"), choices=_classes, widget=forms.CheckboxSelectMultiple
    )
    link = forms.URLField(
        label=_("Link to the source"), required=False, max_length=500, assume_scheme="https"
    )
    change_reason = _reason()

    class Meta:
        model = RetentionRuleVersion
        fields = [
            *("title", "citation", "link", "is_verified", "remark"),
            *("classes", "event_source", "event_name", "period", "is_retired"),
        ]
        help_texts = {
            "citation": _("Ordinance, chapter and section."),
            "is_verified": _("Tick it once somebody has compared it with the text of the law."),
            "event_name": _("Its name, where the period begins with an attribute: a date in it."),
            "period": _("Years, months, weeks or days: P7Y, P18M, P90D. P9999Y is for good."),
            "is_retired": _("The rule stays in the list, but keeps nothing any more."),
        }
        widgets = {"remark": forms.Textarea({"rows": 3})}

    def clean_period(self) -> str:
        period = str(self.cleaned_data["period"]).strip().upper()
        if parse_period(period) is None:
            raise ValidationError(_("Write the period as P7Y, P18M or P90D."))
        return period

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        by_attribute = given.get("event_source") == RetentionRuleVersion.Source.ATTRIBUTE
        if by_attribute and not given.get("event_name"):
            self.add_error("event_name", _("Name the attribute that holds the date."))
        if not by_attribute:
            given["event_name"] = ""
        return given

    def facts(self) -> RuleFacts:
        """For the service, once the form is valid."""
        given = {name: self.cleaned_data[name] for name in RuleFacts.__slots__}
        return RuleFacts(**given | {"classes": tuple(given["classes"])})


class NewRuleForm(RuleForm):
    """A new rule with the code that names it for good."""

    code = forms.SlugField(
        label=_("Code"),
        max_length=64,
        help_text=_("Small letters, digits and “-”; it cannot be changed later."),
    )
    field_order = ["code"]


class SchemeForm(forms.Form):
    """Of which class a library's files are, and whose they are."""

    record_class = forms.ChoiceField(label=_("Record class of all its files"), required=False)
    class_attribute = forms.CharField(
        label=_("Or by the value of an attribute"),
        required=False,
        max_length=64,
        help_text=_("Its name, for example document_type."),
    )
    class_values = forms.CharField(
        label=_("Classes by value"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("One line each: value=class code. A value without a line blocks."),
    )
    customer_attribute = forms.CharField(
        label=_("Customer attribute"),
        required=False,
        max_length=64,
        help_text=_("The attribute that says whose file it is, for the view of personal data."),
    )
    change_reason = _reason()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["record_class"].choices = [("", _("Not classed: blocks")), *_classes()]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(scheme: LibraryScheme | None) -> dict[str, Any]:
        """The form's values for a scheme in force."""
        if scheme is None:
            return {}
        lines = [f"{value}={code}" for value, code in sorted(scheme.class_values.items())]
        return {
            "record_class": scheme.record_class,
            "class_attribute": scheme.class_attribute,
            "class_values": "\n".join(lines),
            "customer_attribute": scheme.customer_attribute,
        }

    def clean_class_values(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for line in str(self.cleaned_data["class_values"]).splitlines():
            text = line.replace(SEPARATORS[1], SEPARATORS[0]).strip()
            if not text:
                continue
            value, equals, code = (part.strip() for part in text.rpartition("="))
            if not (value and equals and code):
                raise ValidationError(
                    _("“%(line)s” is not of the form value=class."), params={"line": text}
                )
            values[value] = code
        return values

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("record_class") and given.get("class_attribute"):
            self.add_error("class_attribute", _("Choose one class, or an attribute, not both."))
        if given.get("class_values") and not given.get("class_attribute"):
            self.add_error("class_attribute", _("Name the attribute whose values these are."))
        return given

    def facts(self) -> SchemeFacts:
        """For the service, once the form is valid."""
        return SchemeFacts(**{name: self.cleaned_data[name] for name in SchemeFacts.__slots__})
