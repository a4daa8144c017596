"""Every setting, typed from the environment. One file: development is production with other values.

Without any environment this is a clinic on one machine: SQLite, in-memory channel layer, embedded ticker,
embedded media worker. DATABASE_URL and REDIS_URL move it to PostgreSQL, Redis and Celery, same code.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from vIOP.secret import local_secret

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VIOP_VAR", default=str(BASE_DIR / "var")))

DEBUG: bool = env.bool("VIOP_DEBUG", default=False)
DEMO: bool = env.bool("VIOP_DEMO", default=False)  # a demo clinic with known passwords
TEST_HOOKS: bool = env.bool("VIOP_TEST_HOOKS", default=False)  # the room page exposes its media statistics
PRODUCTION: bool = env.bool("VIOP_PRODUCTION", default=False)  # TLS in front; see vIOP/checks.py
SECRET_KEY: str = env.str("VIOP_SECRET_KEY", default="") or local_secret(VAR_DIR / "secret.key")
ALLOWED_HOSTS: list[str] = env.list("VIOP_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("VIOP_ORIGINS", default=[])

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "anymail",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "django_htmx",
    "django_vite",
    "sessions.apps.ClinicConfig",
    "signaling",
    "vIOP.apps.ProjectConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sessions.web.middleware.ClinicMiddleware",
]

ROOT_URLCONF = "vIOP.urls"
ASGI_APPLICATION = "vIOP.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "sessions" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
            "libraries": {"clinic": "sessions.web.templatetags.clinic"},
        },
    },
]

# --- data ---------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'viop.sqlite3'}"),
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a writer queues at BEGIN; nobody fails half way for a lock
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="")
CHANNEL_LAYERS: dict[str, dict[str, Any]]
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "viop"},
        },
    }
    CACHES: dict[str, dict[str, Any]] = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- background work: Celery with a broker, the embedded ticker without (vIOP/ticker.py) -----------
CELERY_BROKER_URL = REDIS_URL or None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# --- people -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "iop.Person"
AUTHENTICATION_BACKENDS = [
    "sessions.web.accounts.OneAccountOfSeveral"
]  # W004: one address, an account in each programme
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["given_name", "family_name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "sessions.web.accounts.ClosedAdapter"  # people are created by the programme
ACCOUNT_FORMS = {
    "login": "sessions.web.accounts.SignIn",
    "reset_password": "sessions.web.accounts.AskForNewPassword",
    "reset_password_from_key": "sessions.web.accounts.NewPassword",
    "change_password": "sessions.web.accounts.ChangePassword",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses are entered and vouched for by staff
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a letter "no account here" would confirm who is a patient
# Looks nobody up: as quick for a stranger as for somebody with an account.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
PASSWORD_RESET_TIMEOUT = 3600  # seconds
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login_failed": env.str("VIOP_LOGIN_LIMIT", default="15/15m/ip,5/15m/key"),
    "token_failed": "20/5m/ip",  # wrong secrets of connected systems; not by system: that would lock it out
}
# one proxy in front: without it, limits by address would count everybody as one person
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("VIOP_PROXIES", default=1 if PRODUCTION else 0)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
EMAIL_BACKEND = env.str("VIOP_EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.str("VIOP_MAIL_FROM", default="appointments@localhost")
EMAIL_HOST: str = env.str("VIOP_SMTP_HOST", default="localhost")
EMAIL_PORT: int = env.int("VIOP_SMTP_PORT", default=25)
EMAIL_HOST_USER: str = env.str("VIOP_SMTP_USER", default="")
EMAIL_HOST_PASSWORD: str = env.str("VIOP_SMTP_PASSWORD", default="")
EMAIL_USE_TLS: bool = env.bool("VIOP_SMTP_TLS", default=False)
EMAIL_TIMEOUT = 20  # seconds; a mail server that says nothing must not hold up everybody's messages
# A provider by its API: VIOP_EMAIL_BACKEND=anymail.backends.… and its keys, for example {"MAILGUN_API_KEY":
# "…"}.
ANYMAIL: dict[str, Any] = {**env.json("VIOP_ANYMAIL", default={}), "WEBHOOK_SECRET": None}
MAIL_WEBHOOK_SECRET: str = env.str(
    "VIOP_MAIL_WEBHOOK_SECRET", default=""
)  # user:password of the provider's calls
if MAIL_WEBHOOK_SECRET:
    ANYMAIL["WEBHOOK_SECRET"] = MAIL_WEBHOOK_SECRET
PUBLIC_URL: str = env.str(
    "VIOP_URL", default="http://localhost:8000"
)  # as links in messages begin; a neutral name
SMS_BACKEND: str = env.str("VIOP_SMS_BACKEND", default="sessions.messages.channels.ConsoleSms")
SMS_URL: str = env.str("VIOP_SMS_URL", default="")  # of HttpSms
SMS_TOKEN: str = env.str(
    "VIOP_SMS_TOKEN", default=""
)  # said to the gateway, and by it when it tells us of answers
# Sign the audit chain: the first signs, older ones still verify. Kept outside the database they protect.
AUDIT_KEYS: list[str] = env.list("VIOP_AUDIT_KEYS", default=[]) or [
    hashlib.sha256(b"audit " + SECRET_KEY.encode()).hexdigest()
]
# Encrypt notes and answers: the first writes, all read. Kept outside the database they protect.
FIELD_KEYS: list[str] = env.list("VIOP_FIELD_KEYS", default=[]) or [
    hashlib.sha256(b"fields " + SECRET_KEY.encode()).hexdigest()
]

# --- language and time --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "sessions" / "web" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- static files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.exists() else []
STATIC_ROOT = Path(env.str("VIOP_STATIC_ROOT", default=str(VAR_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns at every start when it is absent
WHITENOISE_USE_FINDERS = True  # serves what the build and the apps hold; collectstatic is not needed
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DJANGO_VITE = {"default": {"dev_mode": False, "manifest_path": FRONTEND_DIST / ".vite" / "manifest.json"}}

# --- the browser's side of safety -----------------------------------------------------------------
SESSION_COOKIE_NAME = "__Host-viop" if PRODUCTION else "viop"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 12 * 3600  # absolute, seconds (DOMAIN: staff 12 h)
CSRF_COOKIE_NAME = "__Host-viop-csrf" if PRODUCTION else "viop-csrf"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "sessions.web.refusals.stale_form"
# Not "no-referrer": browsers then send "Origin: null" with our own forms, and the CSRF check refuses them.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^clockz$"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- the end of a process ------------------------------------------------------------------------
# How long a web process that was told to stop still serves, not ready, so that a load balancer sends people
# elsewhere: longer than it takes to notice. Zero where there is no other process to go to.
DRAIN_S: float = env.float("VIOP_DRAIN_S", default=0)

# --- media --------------------------------------------------------------------------------------
MEDIA_ENGINE = "embedded"
MEDIA_KEY: str = env.str("VIOP_MEDIA_KEY", default="viop")
# Signs media tickets; its own key, so that a cluster's key can be rotated without signing everybody out.
MEDIA_SECRET: str = (
    env.str("VIOP_MEDIA_SECRET", default="") or hashlib.sha256(b"media " + SECRET_KEY.encode()).hexdigest()
)
MEDIA_RPC: str = env.str("VIOP_MEDIA_RPC", default=str(VAR_DIR / "media.sock"))  # path of a Unix socket
TURN_URLS: list[str] = env.list("VIOP_TURN_URLS", default=[])  # turn:host:port?transport=udp, turns:…
TURN_SECRET: str = env.str("VIOP_TURN_SECRET", default="")  # coturn's static-auth-secret

# --- logs: allow-listed words, opaque ids; never a query string (tickets travel in them) -----------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "accidents": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", None) != 503,
        },
        "secrets": {"()": "vIOP.logs.SecretLinks"},
    },
    "formatters": {
        "plain": {"()": "vIOP.logs.Plain", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["secrets"]}},
    "root": {"handlers": ["stderr"], "level": env.str("VIOP_LOG_LEVEL", default="WARNING")},
    "loggers": {
        "sessions": {"level": env.str("VIOP_LOG_LEVEL", default="INFO")},
        "signaling": {"level": env.str("VIOP_LOG_LEVEL", default="INFO")},
        "vIOP": {"level": env.str("VIOP_LOG_LEVEL", default="INFO")},
        "django.channels.server": {"level": "WARNING"},
        # A 503 is an answer that we give on purpose and log ourselves, not an accident.
        "django.request": {"filters": ["accidents"]},
        "daphne": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
    },
}
