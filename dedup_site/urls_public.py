"""What works without signing in: health, the language, and a word to robots."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.i18n import set_language

from dedup_site import health


@login_not_required
@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


urlpatterns = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("health/log", health.log, name="health_log"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("robots.txt", robots, name="robots"),
]
