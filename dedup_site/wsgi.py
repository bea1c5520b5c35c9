"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dedup_site.settings")
application = get_wsgi_application()

from dedup_site.audit.grants import tell_if_too_wide  # noqa: E402  after Django's set-up

tell_if_too_wide()
