"""The cast of the demonstration: `make run` makes these people, production never does."""

from typing import NamedTuple

from django.contrib.auth.models import Group
from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.services import record


class DemoUser(NamedTuple):
    username: str
    role: Role
    password: str
    sees_all_libraries: bool


DEMO_USERS = (
    DemoUser("reviewer", Role.REVIEWER, "look-twice-then-decide", sees_all_libraries=True),
    DemoUser("reviewer2", Role.REVIEWER, "look-twice-then-decide", sees_all_libraries=True),
    DemoUser("admin", Role.ADMIN, "look-after-the-house", sees_all_libraries=True),
    DemoUser("officer", Role.RECORDS_OFFICER, "look-after-records", sees_all_libraries=True),
    DemoUser("officer2", Role.RECORDS_OFFICER, "look-after-records", sees_all_libraries=True),
    DemoUser("auditor", Role.AUDITOR, "look-but-never-touch", sees_all_libraries=True),
)


@transaction.atomic
def make_demo_users() -> None:
    """Make the demo users that are missing; those that exist stay as they are."""
    for person in DEMO_USERS:
        user, created = User.objects.get_or_create(
            username=person.username, defaults={"sees_all_libraries": person.sees_all_libraries}
        )
        if created:
            user.set_password(person.password)
            user.save(update_fields=["password"])
            user.groups.add(Group.objects.get(name=person.role.value))
            record("account.created", actor=None, target=user, data={"roles": [person.role.value]})
