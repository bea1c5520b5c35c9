"""The first account of a new installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.accounts.services import create_account, issue_link


class Command(BaseCommand):
    help = "Make an admin who sees all libraries, and print the one-time link to their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *_args: Any, username: str, **_options: Any) -> None:
        if User.objects.filter(username__iexact=username).exists():
            raise CommandError(f"There is already an account called {username}.")
        with transaction.atomic():
            user = create_account(
                actor=None, username=username, roles=[Role.ADMIN], sees_all_libraries=True
            )
            uid, token = issue_link(actor=None, user=user)
        self.stdout.write(reverse("accounts:choose_password", args=[uid, token]))
