"""Signing in, choosing a password, and what an admin fills in about a person."""

from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts import services
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.accounts.throttle import client_address, is_blocked


class SignInForm(auth_forms.AuthenticationForm):
    """Says the same for a wrong name, a wrong password and a closed account."""

    username = auth_forms.UsernameField(
        label=_("User name"), widget=forms.TextInput({"autofocus": True})
    )
    error_messages = {
        "invalid_login": _("The user name or the password is not right. Check both and try again."),
        "inactive": _("The user name or the password is not right. Check both and try again."),
        "too_many": _("Too many failed attempts. Wait 15 minutes, then try again."),
    }

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username")
        if name and is_blocked(name, client_address(self.request)):
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        return super().clean()


class ChoosePasswordForm(auth_forms.SetPasswordForm):  # type: ignore[type-arg]  # generic only in the stubs
    """For people who followed a one-time link."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        user: User = self.user
        services.set_own_password(user=user, password=self.cleaned_data["new_password1"])
        return user


class ChangePasswordForm(ChoosePasswordForm, auth_forms.PasswordChangeForm):
    """For people who are signed in: asks for the old password too."""


def role_field() -> forms.TypedMultipleChoiceField:
    """Check boxes for the roles; cleaned to a list of `Role`."""
    return forms.TypedMultipleChoiceField(
        label=_("Roles"),
        choices=Role.choices,
        coerce=Role,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A new account."""

    first_name = forms.CharField(
        label=_("Name"),
        help_text=_("As colleagues read it, for example Chan Tai Man or 陳大文."),
        max_length=150,
        required=False,
    )
    roles = role_field()
    sees_all_libraries = forms.BooleanField(
        label=_("Sees all libraries, also those to come"), required=False
    )

    class Meta:
        model = User
        fields = ["username", "first_name"]
        labels = {"username": _("User name")}
        help_texts = {"username": _("For signing in. Letters, digits and @ . + - _ only.")}

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not actor.sees_all_libraries:
            del self.fields["sees_all_libraries"]

    def clean_username(self) -> str:
        """Names that differ only in upper and lower case would be mistaken for each other."""
        username = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("There is already an account with this user name."))
        return username


class RolesForm(forms.Form):
    """The roles of an existing account."""

    roles = role_field()
