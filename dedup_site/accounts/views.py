"""Signing in and out, and one's own password. Other people's accounts: scanning/views/access.py."""

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.forms import ChangePasswordForm, ChoosePasswordForm, SignInForm

# Django checks that `next` stays on this site and starts a new session.
sign_in = auth_views.LoginView.as_view(
    template_name="accounts/sign_in.html",
    authentication_form=SignInForm,
    redirect_authenticated_user=True,
)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and let the browser forget the pictures it kept."""
    logout(request)
    messages.success(request, gettext("You are signed out."))
    response = redirect("accounts:sign_in")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


class ChangePassword(SuccessMessageMixin, auth_views.PasswordChangeView):  # type: ignore[type-arg]  # generic only in the stubs
    """A new password for the person who is signed in."""

    template_name = "accounts/change_password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("home")
    success_message = _("Your password has been changed.")


class ChoosePassword(
    SuccessMessageMixin,  # type: ignore[type-arg]  # generic only in the stubs
    auth_views.PasswordResetConfirmView,
):
    """The page that a one-time link opens. Django keeps the token out of the address after that."""

    template_name = "accounts/choose_password.html"
    form_class = ChoosePasswordForm
    success_url = reverse_lazy("accounts:sign_in")
    success_message = _("Your password is set. Sign in with it now.")
