"""Django settings. Values come from environment variables, which are documented in docs/operations.md.

The defaults are for production. `ENVIRONMENT=development`, which `./dev` sets, enables defaults that would be unsafe
there.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from synccenter import environment as env
from synccenter import error_reports
from synccenter.embedded import bundled_postgres, postgres_binaries
from synccenter.healthcheck import runtime_dir
from synccenter.unfold import UNFOLD  # noqa: F401 - a setting like those below

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("SYNCCENTER_VAR", BASE_DIR / "var")
# Files of this machine's running processes: reports for health checks, metrics of requests.
RUNTIME_DIR = env.path("RUNTIME_DIR", runtime_dir())

# live, staging or development. Not stored in the database, so that a copied database cannot claim to be live.
ENVIRONMENT = env.text("ENVIRONMENT", "live")
if ENVIRONMENT not in ("live", "staging", "development"):
    raise ImproperlyConfigured(f"ENVIRONMENT={ENVIRONMENT!r} is invalid. Use live, staging or development.")
DEVELOPMENT = ENVIRONMENT == "development"
DEBUG = env.flag("DEBUG", False)

SECRET_KEY = env.text("SECRET_KEY", "only-for-development-" + "x" * 40 if DEVELOPMENT else None)
# For `GET /metrics`. Without a token there are no metrics.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
# Newest first; older keys still decrypt. `./dev manage new_encryption_key` prints one.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE=" if DEVELOPMENT else "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver" if DEVELOPMENT else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# The base URL for users and platforms: used for links in emails and for webhook registration.
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000" if DEVELOPMENT else None).rstrip("/")
# Whom "Contact support" means: an email address or a phone number.
SUPPORT_CONTACT = env.text("SUPPORT_CONTACT", "")

INSTALLED_APPS = [
    "synccenter.apps.SyncCenterConfig",
    "dashboard",
    "staging_copy",
    "privacy",
    "notifications",
    "connectors",
    "synclog",
    "orders",
    "catalog",
    "hub",
    "accounts",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_celery_beat",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "synccenter.metrics.measure_requests",
    "synccenter.middleware.number_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.client_address.remember_client_address",
    "synccenter.middleware.reject_nul",
    "synccenter.middleware.describe_wrong_methods",
    "django.middleware.common.CommonMiddleware",
    "connectors.webhooks.middleware.answer_webhooks",
    "connectors.adapters.web_calls.limit_platform_calls",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.hashers.AnswerHashingBusy",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_factor.require_second_factor",
    "accounts.sessions.record_session",
    "accounts.impersonation.impersonate",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "synccenter.urls"
WSGI_APPLICATION = "synccenter.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "synccenter.context_processors.environment",
            ]
        },
    }
]


def database(url: str) -> dict[str, object]:
    """Converts `postgres://user:password@host:port/name` to Django's format; `?host=/path` is a socket folder."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}.")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        # Retries connections, because staging's database is replaced while in use.
        "ENGINE": "staging_copy.retrying" if ENVIRONMENT == "staging" else "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", parts.hostname or "")),
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # A pool that changes the session between transactions would lose them.
        "DISABLE_SERVER_SIDE_CURSORS": env.flag("DATABASE_POOLED", False),
        "OPTIONS": {"connect_timeout": 5, **{name: unquote(value) for name, value in query.items()}},
    }


# In development, manage.py starts embedded services and sets DATABASE_URL if it is missing. The placeholder is for
# commands that do not use a database.
_DATABASE_URL = env.url_with_password(
    "DATABASE_URL", "DATABASE_PASSWORD", "postgresql:///synccenter" if DEVELOPMENT else None
)
DATABASES = {"default": database(_DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Counts attempts across processes, and outlives a restart of Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cacheentry",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
REDIS_URL = env.url_with_password("REDIS_URL", "REDIS_PASSWORD", "redis://127.0.0.1:6379/0" if DEVELOPMENT else None)

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_HASHERS = [
    "accounts.hashers.ScryptHasher",
    "accounts.hashers.PBKDF2Hasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Password reset, change of the email address and second factors, by django-allauth. There is no sign-up: accounts are
# created by invitation or in the console. Logins are limited by accounts/throttle.py; `login_failed` limits codes.
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.AuthenticateForm",
    "reauthenticate": "accounts.second_factor_forms.ReauthenticateForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "SyncCenter" if ENVIRONMENT == "live" else f"SyncCenter ({ENVIRONMENT})"
# Clocks of phones are up to half a minute off.
MFA_TOTP_TOLERANCE = 1
# Without TLS, browsers allow passkeys on localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
# Single sign-on by OpenID Connect. See docs/single-sign-on.md.
OIDC_ISSUER = env.text("OIDC_ISSUER", "")
OIDC_NAME = env.text("OIDC_NAME", "single sign-on")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "")
OIDC_DOMAINS = env.words("OIDC_DOMAINS")
OIDC_ROLES = env.words("OIDC_ROLES")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_SCOPES = env.words("OIDC_SCOPES", "openid,profile,email")
OIDC_REQUIRED = env.flag("OIDC_REQUIRED", False)
OIDC_HAS_SECOND_FACTOR = env.flag("OIDC_HAS_SECOND_FACTOR", False)
OIDC_TRUST_UNVERIFIED_EMAILS = env.flag("OIDC_TRUST_UNVERIFIED_EMAILS", False)
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SingleSignOnAdapter"
# The state and PKCE protect a login that is started by a link; a form could not be redirected to another host (CSP).
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": OIDC_SCOPES,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
# Our apps at vendors whose accounts install them (connectors/services/installation.py): platform → ID and secret.
OAUTH_APPS = {"shopify": (env.text("SHOPIFY_CLIENT_ID", ""), env.text("SHOPIFY_CLIENT_SECRET", ""))}
# Whether operators need a second factor to use the console and the dashboard.
OPERATORS_NEED_SECOND_FACTOR = env.flag("OPERATORS_NEED_SECOND_FACTOR", not DEVELOPMENT)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
FORMAT_MODULE_PATH = "synccenter.formats"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# Security: everything is enabled, except on development machines without TLS.
BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# How many proxies append to X-Forwarded-For. The client's address is that many entries from the end.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 1 if BEHIND_PROXY else 0)
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", not DEVELOPMENT)
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics(/requests)?$"]
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES", not DEVELOPMENT)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Staging and live may share a host name on different ports, so their session cookies need different names.
SESSION_COOKIE_NAME = f"sessionid_{ENVIRONMENT}"
X_FRAME_OPTIONS = "DENY"
# The dashboard allows only our own scripts and styles; product images come from the shops' hosts. The admin and the
# API docs are excluded, because their libraries need inline scripts.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/", "/api/"],
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "https:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Celery. Early acknowledgment and no results: the next sweep makes up for a lost message. Publishing gives up after
# about a second, so that an unresponsive broker cannot block a web request.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "synccenter.broker:Transport"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 15,
    "socket_connect_timeout": 1,
    "health_check_interval": 10,
    "max_retries": 1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "turns"
# Backups and copies take minutes, so they have their own queue and worker.
CELERY_TASK_ROUTES = {"staging_copy.*": {"queue": "copies"}}
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "synccenter.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "connectors.sweep", "schedule": timedelta(seconds=2)},
    "alert": {"task": "connectors.alert", "schedule": timedelta(minutes=1)},
    "check_webhooks": {"task": "connectors.check_webhooks", "schedule": timedelta(seconds=10)},
    "look_at_sizes": {"task": "connectors.look_at_sizes", "schedule": timedelta(hours=1)},
    "tell_logs": {"task": "connectors.tell_logs", "schedule": timedelta(seconds=5)},
    "prune": {"task": "connectors.prune", "schedule": timedelta(hours=1)},
    "notify_people": {"task": "notifications.send", "schedule": timedelta(minutes=1)},
    "erase_expired": {"task": "privacy.erase_expired", "schedule": crontab(hour=1, minute=40)},
}
if ENVIRONMENT != "staging":
    # Staging has no backups, and copies are made by live.
    CELERY_BEAT_SCHEDULE |= {
        "back_up": {"task": "staging_copy.back_up", "schedule": crontab(hour=0, minute=30)},
        "rehearse_restore": {
            "task": "staging_copy.rehearse_restore",
            "schedule": crontab(day_of_week=0, hour=2, minute=30),
        },
        "copy": {"task": "staging_copy.run_due_copies", "schedule": timedelta(minutes=1)},
    }

# The sync engine. See docs/engine.md.
WORKER_PROCESSES = env.number("WORKER_PROCESSES", 2)
LEASE_SECONDS = env.number("LEASE_SECONDS", 90)
REMOTE_DEADLINE_SECONDS = env.number("REMOTE_DEADLINE_SECONDS", 60)
TURN_SECONDS = env.number("TURN_SECONDS", 2)
PREPARE_SECONDS = env.number("PREPARE_SECONDS", 60)
SEND_SECONDS = env.number("SEND_SECONDS", 600)
# Files of feed imports, shared by all workers. Files of failed imports are kept (F10).
FEED_DIR = env.path("FEED_DIR", VAR_DIR / "feeds")
# Runs per page in the sync history (B10).
RUNS_SHOWN = env.number("RUNS_SHOWN", 19)
# Hosts with private addresses that operators may connect, and those that owners may connect as well.
PRIVATE_HOSTS_ALLOWED = env.words("PRIVATE_HOSTS_ALLOWED", "127.0.0.1,localhost" if DEVELOPMENT else "")
PRIVATE_HOSTS_OF_SELLERS = env.words("PRIVATE_HOSTS_OF_SELLERS", "*=127.0.0.1,*=localhost" if DEVELOPMENT else "")
if invalid := [entry for entry in PRIVATE_HOSTS_OF_SELLERS if not all(entry.partition("="))]:
    raise ImproperlyConfigured(f"PRIVATE_HOSTS_OF_SELLERS={invalid[0]!r} is invalid. Write seller=host.")

# Days after which personal data is erased. See docs/privacy.md.
PERSONAL_DATA_DAYS_DELETED_CUSTOMERS = env.number("PERSONAL_DATA_DAYS_DELETED_CUSTOMERS", 30)
PERSONAL_DATA_DAYS_ORDERS = env.number("PERSONAL_DATA_DAYS_ORDERS", 1095)
PERSONAL_DATA_DAYS_PAYLOADS = env.number("PERSONAL_DATA_DAYS_PAYLOADS", 180)

# Backups and the live-to-staging copy. See docs/backups.md and docs/staging-copy.md.
BACKUP_DIR = env.path("BACKUP_DIR", VAR_DIR / "backups")
BACKUP_KEEP_DAYS = env.number("BACKUP_KEEP_DAYS", 14)
# Object storage with the S3 protocol. Without access key, the credentials of the machine are used.
BACKUP_STORAGE_BUCKET = env.text("BACKUP_STORAGE_BUCKET", "")
BACKUP_STORAGE_PREFIX = env.text("BACKUP_STORAGE_PREFIX", "")
BACKUP_STORAGE_ENDPOINT = env.text("BACKUP_STORAGE_ENDPOINT", "")
BACKUP_STORAGE_REGION = env.text("BACKUP_STORAGE_REGION", "")
BACKUP_STORAGE_ACCESS_KEY = env.text("BACKUP_STORAGE_ACCESS_KEY", "")
BACKUP_STORAGE_SECRET_KEY = env.text("BACKUP_STORAGE_SECRET_KEY", "")
BACKUP_STORAGE_KEEP_DAYS = env.number("BACKUP_STORAGE_KEEP_DAYS", 90)
BACKUP_ENCRYPTION_KEYS = env.words("BACKUP_ENCRYPTION_KEYS", ",".join(ENCRYPTION_KEYS))
STAGING_DATABASE_URL = env.url_with_password("STAGING_DATABASE_URL", "STAGING_DATABASE_PASSWORD", "")
STAGING_COPY_JOURNAL_DIR = env.path("STAGING_COPY_JOURNAL_DIR", VAR_DIR / "copies")
STAGING_COPY_PROCESSES = env.number("STAGING_COPY_PROCESSES", 2)
STAGING_COPY_DOMAIN = env.text("STAGING_COPY_DOMAIN", "sellercenter.net")
STAGING_COPY_KEY = env.text("STAGING_COPY_KEY", "")
STAGING_COPY_ALLOWED_ADDRESSES = env.words("STAGING_COPY_ALLOWED_ADDRESSES")
STAGING_COPY_CANARIES = env.words("STAGING_COPY_CANARIES")
# The post-copy check asks for confirmation before it deletes more than this percentage of a kind and at least this
# number of items.
STAGING_COPY_GUARD_PERCENT = env.number("STAGING_COPY_GUARD_PERCENT", 20)
STAGING_COPY_GUARD_ITEMS = env.number("STAGING_COPY_GUARD_ITEMS", 10)
STAGING_COPY_RETRY_DELAY_SECONDS = env.number(
    "STAGING_COPY_RETRY_DELAY_SECONDS", 1, deprecated_name="STAGING_COPY_PATIENCE_SECONDS"
)
# The keys that staging's credentials are encrypted with; empty if they are the same as live's.
STAGING_ENCRYPTION_KEYS = env.text("STAGING_ENCRYPTION_KEYS", "")
STAGING_ADMIN_EMAIL = env.text("STAGING_ADMIN_EMAIL", "admin@sellercenter.net")
STAGING_ADMIN_PASSWORD = env.text("STAGING_ADMIN_PASSWORD", "")
# The folder of pg_dump and pg_restore; empty if they are on PATH.
POSTGRES_BIN = env.text("POSTGRES_BIN", str(postgres_binaries()) if DEVELOPMENT and bundled_postgres() else "")

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST", "")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "SyncCenter <synccenter@localhost>")

LOG_FORMAT = env.text("LOG_FORMAT", "line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT={LOG_FORMAT!r} is invalid. Use line or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "synccenter.logs.Formatter", "fmt": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "synccenter.logs.JSONFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}

# Reports of unexpected errors.
SENTRY_DSN = env.text("SENTRY_DSN", "")
error_reports.start(SENTRY_DSN, environment=ENVIRONMENT)

# Traces. OpenTelemetry reads this and its other variables itself.
OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")
