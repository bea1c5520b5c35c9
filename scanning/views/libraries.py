"""Pages about libraries: the list, one library, a new one, its settings."""

from pathlib import Path
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning import overview
from scanning.forms import LibraryForm, MountedLibraryForm
from scanning.models import Library
from scanning.services.libraries import change_library, create_library
from scanning.storage import RootRefused, checked_root, library_roots

PAGE_SIZE = 50


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def libraries(request: SignedInRequest) -> HttpResponse:
    """The libraries that the person was given."""
    found = Library.objects.visible_to(request.user).order_by("name")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "scanning/libraries.html",
        {
            "page": page,
            "rows": overview.of_libraries(page.object_list),
            "may_manage": request.user.may(Can.MANAGE_LIBRARIES),
        },
    )


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def library(request: SignedInRequest, pk: int) -> HttpResponse:
    """One library: numbers, jobs, scans, errors, who was given it."""
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    return render(
        request,
        "scanning/library.html",
        {
            "library": found,
            "overview": overview.of_library(found),
            "may_manage": request.user.may(Can.MANAGE_LIBRARIES),
            "may_run": request.user.may(Can.RUN_SCANS),
            "may_give_access": request.user.may(Can.MANAGE_ACCESS),
        },
    )


@require(Can.MANAGE_LIBRARIES)
def library_new(request: SignedInRequest, kind: str) -> HttpResponse:
    """A new library; `?folder=` walks down the folders that may be mounted."""
    is_mounted = kind == Library.Kind.MOUNTED
    folder = _chosen_folder(request.GET.get("folder", "")) if is_mounted else None
    form_class = MountedLibraryForm if is_mounted else LibraryForm
    suggested = {"root": folder, "name": folder.name} if folder else None
    form = form_class(request.POST or None, initial=suggested)
    if request.method == "POST" and form.is_valid():
        root = form.cleaned_data.get("root", "")
        made = create_library(actor=request.user, kind=kind, settings=form.settings(), root=root)
        messages.success(request, _("The library “%(name)s” is ready.") % {"name": made})
        return redirect("scanning:library", made.pk)
    folders = overview.folders_below(folder) if is_mounted else []
    return render(
        request,
        "scanning/library_new.html",
        {
            "form": form,
            "is_mounted": is_mounted,
            "folder": folder,
            "folders": folders,
            "has_more_folders": len(folders) == overview.MAXIMUM_FOLDERS,
            "up_url": _url_above(folder),
            "roots": library_roots(),
        },
    )


@require(Can.MANAGE_LIBRARIES)
def library_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """A library's settings, with what its attribute pattern gives for some of its files."""
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    form = LibraryForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        change_library(actor=request.user, library=found, settings=form.settings())
        messages.success(request, _("The settings were saved."))
        return redirect("scanning:library", pk)
    pattern = form["attribute_pattern"].value() or ""
    return render(
        request,
        "scanning/library_edit.html",
        {
            "library": Library.objects.get(pk=pk),
            "form": form,
            "examples": overview.pattern_examples(found, pattern),
        },
    )


@require(Can.MANAGE_LIBRARIES)
def pattern_examples(request: SignedInRequest, pk: int) -> HttpResponse:
    """What a pattern, as it stands in the form, gives for some of the library's files."""
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    pattern = request.GET.get("attribute_pattern", "")
    return render(
        request,
        "scanning/_pattern_examples.html",
        {"examples": overview.pattern_examples(found, pattern)},
    )


def _url_above(folder: Path | None) -> str:
    """The address of this page one folder further up; the roots are the top."""
    if folder is None or folder in library_roots():
        return "?"
    return f"?folder={quote(str(folder.parent))}"


def _chosen_folder(text: str) -> Path | None:
    """The folder whose subfolders are shown; None for the list of roots."""
    if not text:
        return None
    try:
        return checked_root(text)
    except RootRefused as error:
        raise Http404(str(error)) from error
