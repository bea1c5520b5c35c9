"""People: their accounts, their roles, and the libraries that they were given."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dedup_site.accounts import services
from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.forms import PersonForm, RolesForm
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can, Role
from scanning.models import Library
from scanning.services.access import grant_library, issue_link, revoke_library

PEOPLE_PER_PAGE = 50

_OWN_ACCOUNT = gettext_lazy(
    "You cannot close your own account or make a link for it. Ask another admin."
)


@require_GET
@require(Can.MANAGE_ACCESS)
def people(request: SignedInRequest) -> HttpResponse:
    """Everybody who has an account."""
    text = request.GET.get("text", "").strip().replace("\0", "")
    users = User.objects.order_by("-is_active", "username").prefetch_related(
        "groups", "accesses__library"
    )
    if text:
        users = users.filter(Q(username__icontains=text) | Q(first_name__icontains=text))
    page = Paginator(users, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    known = set(Library.objects.visible_to(request.user).values_list("pk", flat=True))
    rows = [
        {
            "person": user,
            "roles": _roles(user),
            "libraries": sorted(
                access.library.name for access in user.accesses.all() if access.library_id in known
            ),
        }
        for user in page
    ]
    context = {"rows": rows, "page": page, "text": text}
    return render(request, "scanning/access/people.html", context)


@require_http_methods(["GET", "POST"])
@require(Can.MANAGE_ACCESS)
def person_new(request: SignedInRequest) -> HttpResponse:
    """A new account; the answer shows its one-time link."""
    form = PersonForm(request.POST or None, actor=request.user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "scanning/access/person_new.html", {"form": form})
    given = form.cleaned_data
    with transaction.atomic():
        user = services.create_account(
            actor=request.user,
            username=given["username"],
            name=given["first_name"],
            roles=given["roles"],
            sees_all_libraries=given.get("sees_all_libraries", False),
        )
        return _show_link(request, user)


@require_GET
@require(Can.MANAGE_ACCESS)
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """One person: roles, libraries, account."""
    user = get_object_or_404(User, pk=pk)
    libraries = Library.objects.visible_to(request.user)
    context = {
        "person": user,
        "roles": _roles(user),
        "form": RolesForm(initial={"roles": services.held_roles(user)}),
        "given": libraries.filter(pk__in=user.accesses.values("library")),
        "others": libraries.exclude(pk__in=user.accesses.values("library")),
        "is_self": user == request.user,
    }
    return render(request, "scanning/access/person.html", context)


@require_POST
@require(Can.MANAGE_ACCESS)
def person_roles(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a person exactly the ticked roles."""
    user = get_object_or_404(User, pk=pk)
    form = RolesForm(request.POST)
    if not form.is_valid():
        return _back(request, user, error=_("Choose roles from the list."))
    try:
        services.change_roles(actor=request.user, user=user, roles=form.cleaned_data["roles"])
    except services.CannotShutOneselfOut:
        return _back(
            request,
            user,
            error=_("You cannot take away your own admin role. Ask another admin to do it."),
        )
    return _back(request, user, _("The roles were saved."))


@require_POST
@require(Can.MANAGE_ACCESS)
def person_scope(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a person see every library, or only those given by name."""
    user = get_object_or_404(User, pk=pk)
    services.change_scope(
        actor=request.user, user=user, sees_all_libraries=request.POST.get("all") == "yes"
    )
    return _back(request, user, _("The access was saved."))


@require_POST
@require(Can.MANAGE_ACCESS)
def person_library(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a person a library, or take it back."""
    user = get_object_or_404(User, pk=pk)
    number = request.POST.get("library", "")
    is_id = number.isdecimal() and len(number) < 19
    library = get_object_or_404(
        Library.objects.visible_to(request.user), pk=number if is_id else None
    )
    change = revoke_library if request.POST.get("change") == "revoke" else grant_library
    change(actor=request.user, user=user, library=library)
    return _back(request, user, _("The access was saved."))


@require_POST
@require(Can.MANAGE_ACCESS)
def person_activity(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close an account, or open it again."""
    user = get_object_or_404(User, pk=pk)
    is_active = request.POST.get("active") == "yes"
    try:
        services.change_activity(actor=request.user, user=user, is_active=is_active)
    except services.CannotShutOneselfOut as error:
        raise PermissionDenied(_OWN_ACCOUNT) from error
    if is_active:
        return _back(request, user, _("The account is open again."))
    return _back(request, user, _("The account is closed. Its sessions have ended."))


@require_POST
@require(Can.MANAGE_ACCESS)
def person_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new one-time link; the old password stops working."""
    user = get_object_or_404(User, pk=pk)
    try:
        return _show_link(request, user)
    except services.CannotShutOneselfOut as error:
        raise PermissionDenied(_OWN_ACCOUNT) from error


def _show_link(request: SignedInRequest, user: User) -> HttpResponse:
    """The link is in this answer alone: it is stored nowhere."""
    uid, token = issue_link(actor=request.user, user=user)
    address = reverse("accounts:choose_password", args=[uid, token])
    context = {"person": user, "link": request.build_absolute_uri(address)}
    return render(request, "scanning/access/link.html", context)


def _back(
    request: SignedInRequest, user: User, message: str = "", *, error: str = ""
) -> HttpResponse:
    if error:
        messages.error(request, error)
    else:
        messages.success(request, message)
    return redirect("person", user.pk)


def _roles(user: User) -> list[str]:
    held = {group.name for group in user.groups.all()}
    return [str(role.label) for role in Role if role.value in held]
