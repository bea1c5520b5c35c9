"""How a hold ends: proposed with a reason, approved by a second person, effective after a delay.

Each step is a row of its own; the hold stays as it was written. Until the release is effective it
can be withdrawn, and everything stays held.
"""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import Hold, HoldRelease, ReleaseApproval, ReleaseWithdrawal
from review.records import record_policies as policies
from review.services import matters
from review.services.holds import library_of
from review.services.refusals import Refused

MOST_REASON = 2000


class ReleaseRefused(Refused):
    """The release is not in a state for this."""


@transaction.atomic
def propose_release(*, actor: User, hold: Hold, reason: str) -> HoldRelease:
    """Propose that a hold ends. Nothing changes until somebody else has approved.

    Raises:
        PermissionDenied: the person is no records officer, does not see what is held (of a hold in
            all libraries: all of it), or may not know of its matter.
        ValidationError: there is no reason, or it is too long.
        ReleaseRefused: the hold has ended, or a release is under way.
    """
    actor = policies.current(actor, Can.MANAGE_MATTERS)
    hold = _locked(hold, actor)
    if not policies.may_reach(actor, hold):
        raise PermissionDenied(policies.EVERYWHERE)
    reason = reason.strip()
    if not reason:
        raise ValidationError(_("Say why the hold is to end."))
    if len(reason) > MOST_REASON:
        raise ValidationError(
            _("The reason is longer than %(number)d characters. Shorten it.")
            % {"number": MOST_REASON}
        )
    if not Hold.objects.in_force().filter(pk=hold.pk).exists():
        raise ReleaseRefused(_("This hold has been released already."))
    if HoldRelease.objects.pending().filter(hold=hold).exists():
        raise ReleaseRefused(_("A release of this hold is under way already."))
    release = HoldRelease.objects.create(hold=hold, reason=reason, proposed_by=actor)
    _record("hold.release_proposed", release, actor, reason)
    return release


@transaction.atomic
def approve_release(*, actor: User, release: HoldRelease) -> ReleaseApproval:
    """Approve what somebody else proposed; it takes effect after HOLD_RELEASE_DELAY_HOURS.

    Raises:
        PermissionDenied: the person may not approve releases (any more), made the proposal, does
            not see what is held (as in `propose_release`), or may not know of its matter.
        ReleaseRefused: it was approved or withdrawn before, or whoever proposed it is no records
            officer any more.
    """
    actor = policies.current(actor, Can.APPROVE_RELEASES)
    hold = _locked(release.hold, actor)
    if release.proposed_by_id == actor.pk:
        raise PermissionDenied(
            _("You proposed this release, so that another records officer approves it.")
        )
    if not policies.may_reach(actor, hold):
        raise PermissionDenied(policies.EVERYWHERE)
    if _state(release) != HoldRelease.State.PROPOSED:
        raise ReleaseRefused(_("This release does not wait for approval any more."))
    proposer = User.objects.get(pk=release.proposed_by_id)
    if not proposer.may(Can.MANAGE_MATTERS):
        raise ReleaseRefused(
            _("Whoever proposed this release is no records officer any more. Withdraw it.")
        )
    delay = timedelta(hours=settings.HOLD_RELEASE_DELAY_HOURS)
    approval = ReleaseApproval.objects.create(
        release=release, approved_by=actor, approved_at=Now(), effective_at=Now() + delay
    )
    approval.refresh_from_db()
    release.hold = hold
    _record("hold.release_approved", release, actor, effective_at=approval.effective_at.isoformat())
    return approval


@transaction.atomic
def withdraw_release(*, actor: User, release: HoldRelease, reason: str = "") -> ReleaseWithdrawal:
    """Refuse a release, or call it off before it is effective: the hold stands.

    Raises:
        PermissionDenied: the person may neither propose nor approve releases, sees nothing of what
            is held, or may not know of its matter.
        ReleaseRefused: it is effective, or was withdrawn before.
    """
    actor = policies.current(actor, Can.MANAGE_MATTERS, Can.APPROVE_RELEASES)
    release.hold = _locked(release.hold, actor)
    if _state(release) not in (HoldRelease.State.PROPOSED, HoldRelease.State.APPROVED):
        raise ReleaseRefused(_("This release can no longer be withdrawn."))
    withdrawal = ReleaseWithdrawal.objects.create(
        release=release, withdrawn_by=actor, reason=reason.strip()[:MOST_REASON]
    )
    _record("hold.release_withdrawn", release, actor, withdrawal.reason)
    return withdrawal


def _locked(hold: Hold, actor: User) -> Hold:
    """The hold, with its matter locked: the row that everything about its holds waits for.

    The hold's own row is append-only, and the program may have no right to lock it.
    """
    matter = matters.locked(hold.matter)
    hold = Hold.objects.select_related("picture", "source_file", "library").get(pk=hold.pk)
    hold.matter = matter
    policies.check_hold(actor, hold)
    return hold


def _state(release: HoldRelease) -> str:
    """Where it stands now, asked after the lock."""
    return HoldRelease.objects.with_state().get(pk=release.pk).state


def _record(action: str, release: HoldRelease, actor: User, reason: str = "", **more: str) -> None:
    hold = release.hold
    record(
        action,
        actor=actor,
        target=release,
        library_id=library_of(hold, actor),
        data={"release": release.pk, "hold": hold.pk, "matter": hold.matter_id, **more},
        detail=matters.detail(hold.matter, reason=reason, covers=hold.covers),
    )
