"""One settings file, driven by the environment only (docs/operations.md lists the variables)."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from dedup_site import env, logs
from dedup_site.embedded import celery_url

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.env_str("DATA_DIR", str(BASE_DIR / "var"))).resolve()

DEBUG = env.env_bool("DEBUG", default=False)
SECRET_KEY = env.env_secret("SECRET_KEY") or ""
ALLOWED_HOSTS = env.env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.env_list("CSRF_TRUSTED_ORIGINS", [])
# True behind TLS: cookies are marked secure and plain HTTP is redirected.
BEHIND_TLS = env.env_bool("BEHIND_TLS", default=False)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "django_filters",
    "dedup_site",
    "dedup_site.accounts",
    "dedup_site.audit",
    "scanning",
    "review",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "dedup_site.middleware.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "dedup_site.middleware.RequestContextMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "dedup_site.urls"
WSGI_APPLICATION = "dedup_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dedup_site.navigation.navigation",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "dedup_site.templatetags.punctuation",
            ],
        },
    },
]


def _database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for `postgresql://user:password@host:port/name?host=/socket/dir`."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASE_URL = env.env_secret("DATABASE_URL") or "postgresql://localhost/second_look"
# Other roles of the same database, where this process may act as them (audit/acting.py).
OWNER_DATABASE_URL = env.env_secret("OWNER_DATABASE_URL") or DATABASE_URL
SEQUENCER_DATABASE_URL = env.env_secret("SEQUENCER_DATABASE_URL") or DATABASE_URL
REDIS_URL = env.env_secret("REDIS_URL") or "redis://localhost:6379/0"
DATABASES = {"default": _database(DATABASE_URL)}
DATABASE_LOGINS = {
    "owner": _database(OWNER_DATABASE_URL),
    "sequencer": _database(SEQUENCER_DATABASE_URL),
}
for _role, _login in DATABASE_LOGINS.items():
    if _login["NAME"] != DATABASES["default"]["NAME"]:
        raise ImproperlyConfigured(
            f"{_role.upper()}_DATABASE_URL names another database than DATABASE_URL."
        )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = celery_url(REDIS_URL)

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
# A balancer asks for health without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hant", _("Traditional Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "dedup_site.formats"
TIME_ZONE = env.env_str("TIME_ZONE", "Asia/Hong_Kong")
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# One machine serves static files as they lie in the checkout; an image collects them first.
STATIC_FROM_SOURCE = env.env_bool("STATIC_FROM_SOURCE", default=True)
STATIC_ROOT = None if STATIC_FROM_SOURCE else DATA_DIR / "static"
WHITENOISE_USE_FINDERS = STATIC_FROM_SOURCE
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# A picture in an upload is streamed to disk, never held in memory.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
DATA_UPLOAD_MAX_NUMBER_FILES = 50

# The audit log (docs/trust.md). Only the sequencer needs to read the key and the state.
AUDIT_LOG_NAME = env.env_str("AUDIT_LOG_NAME", "")
AUDIT_SIGNING_KEY_FILE = env.env_str("AUDIT_SIGNING_KEY_FILE", "")
AUDIT_STATE_DIR = Path(env.env_str("AUDIT_STATE_DIR", "") or DATA_DIR / "audit")
AUDIT_PUBLISH_FOLDER = env.env_str("AUDIT_PUBLISH_FOLDER", "")
AUDIT_PUBLISH_EMAIL = env.env_list("AUDIT_PUBLISH_EMAIL")
AUDIT_PUBLISH_URL = env.env_secret("AUDIT_PUBLISH_URL")
# Events that wait longer than this for their place in the log raise an alarm.
AUDIT_LAG_SECONDS = env.env_int("AUDIT_LAG_SECONDS", 60)

# For checkpoints by mail.
EMAIL_HOST = env.env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.env_secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.env_bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.env_str("EMAIL_FROM", "second-look@localhost")

# The largest file that may be uploaded.
UPLOAD_MAX_BYTES = env.env_int("UPLOAD_MAX_MB", 512) * 2**20

# Decoding limits (scanning/engine/decoding/reading.py says what each means).
DECODE_MAX_PIXELS = env.env_int("DECODE_MAX_PIXELS", 250_000_000)
DECODE_SECONDS = env.env_int("DECODE_SECONDS", 30)
DECODE_PAGES = env.env_int("DECODE_PAGES", 500)
DECODE_MEMORY_BYTES = env.env_int("DECODE_MEMORY_MB", 3072) * 2**20

# How long an approved release of a legal hold still holds.
HOLD_RELEASE_DELAY_HOURS = env.env_int("HOLD_RELEASE_DELAY_HOURS", 24)

# Workers fill the cores already: one more thread each only makes them wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The compiled join is kept here: the program's own folder may be read-only.
os.environ.setdefault("NUMBA_CACHE_DIR", str(DATA_DIR / "numba"))

LOGGING_CONFIG = None
logs.configure(env.env_str("LOG_LEVEL", "INFO"))
structlog.contextvars.clear_contextvars()
