"""URLs of the merchant pages: `/s/<seller>/…`, login, and the user's own account."""

from allauth.account import views as allauth_account
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from dashboard.views import (
    account,
    checks,
    connect,
    connections,
    issues,
    items,
    mapping,
    overview,
    preferences,
    runs,
    search,
    team,
    webhooks,
)

seller_urls: list[URLPattern] = [
    path("", overview.show, name="overview"),
    path("live/", overview.live, name="overview_live"),
    path("sync/<slug:connection>/<slug:data_type>/", overview.sync, name="sync"),
    path("connections/<slug:connection>/", connections.show, name="connection"),
    path("connections/<slug:connection>/test/", connections.test, name="test_connection"),
    path("jobs/<int:job>/pause/", overview.pause, name="pause_job"),
    path("jobs/<int:job>/resume/", overview.resume, name="resume_job"),
    path("jobs/<int:job>/retry/", overview.retry_held, name="retry_held"),
    path("issues/", issues.index, name="issues"),
    path("issues/download/", issues.download, name="issues_csv"),
    path("connect/", connect.choose, name="connect"),
    path("connect/<slug:platform>/", connect.form, name="connect_form"),
    path("connect/<slug:platform>/test/", connect.test, name="connect_test"),
    path("connections/<slug:connection>/setup/", connect.setup, name="connect_setup"),
    path("connections/<slug:connection>/begin/", connect.begin, name="connect_begin"),
    path("connections/<slug:connection>/mapping/", mapping.show, name="mapping"),
    path("connections/<slug:connection>/mapping/save/", mapping.save, name="save_mapping"),
    path("jobs/<int:job>/sample/", connect.sample, name="connect_sample"),
    path("search/", search.index, name="search"),
    path("issues/<int:issue>/", issues.show, name="issue"),
    path("issues/live/", issues.live, name="issues_live"),
    path("issues/act/", issues.act, name="act_on_issues"),
    path("runs/", runs.index, name="runs"),
    path("runs/<int:run>/", runs.show, name="run"),
    path("runs/<int:run>/live/", runs.live, name="run_live"),
    path("runs/<int:run>/log/", runs.log, name="run_log"),
    path("runs/<int:run>/cancel/", runs.cancel, name="cancel_run"),
    path("runs/<int:run>/answer/", runs.answer, name="answer_run"),
    path("checks/", checks.index, name="checks"),
    path("checks/jobs/<int:job>/preview/", checks.preview, name="preview_job"),
    path("checks/jobs/<int:job>/compare/", checks.compare, name="compare_job"),
    path("checks/<int:check>/", checks.show, name="check"),
    path("checks/<int:check>/download/", checks.download, name="check_csv"),
    path("checks/<int:check>/repair/", checks.repair_items, name="repair_items"),
    path("checks/<int:check>/go-ahead/", checks.start_previewed_sync, name="go_ahead"),
    path("products/", items.products, name="products"),
    path("products/<int:product>/", items.product, name="product"),
    path("customers/", items.customers, name="customers"),
    path("customers/<int:customer>/", items.customer, name="customer"),
    path("orders/", items.orders, name="orders"),
    path("orders/<int:order>/", items.order, name="order"),
    path("orders/<int:order>/accept/", items.accept_difference, name="accept_difference"),
    path("statuses/", items.status_list, name="statuses"),
    path("payloads/<int:link>/", items.payload, name="payload"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/replay/", webhooks.replay_filtered, name="replay_webhooks"),
    path("webhooks/secret/<slug:connection>/", webhooks.new_secret, name="webhook_secret"),
    path("webhooks/<int:event>/", webhooks.show, name="webhook"),
    path("webhooks/<int:event>/replay/", webhooks.replay, name="replay_webhook"),
    path("team/", team.show, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/invitations/<int:invitation>/resend/", team.resend, name="resend_invitation"),
    path("team/invitations/<int:invitation>/withdraw/", team.withdraw, name="withdraw_invitation"),
    path("team/members/<int:member>/role/", team.change_role, name="change_role"),
    path("team/members/<int:member>/remove/", team.remove, name="remove_member"),
    path("team/members/<int:member>/transfer/", team.transfer, name="transfer_ownership"),
    path("team/leave/", team.leave, name="leave_team"),
    path("team/ask/", team.ask_for_access, name="ask_for_access"),
    path("settings/", preferences.show, name="preferences"),
    path("settings/keys/", preferences.create_key, name="create_key"),
    path("settings/keys/<int:key>/revoke/", preferences.revoke_key, name="revoke_key"),
]
pages: list[URLPattern | URLResolver] = [
    path("", account.home, name="home"),
    path("s/<slug:seller>/", include(seller_urls)),
]

# Pages of django-allauth, named as it expects. Its own login, logout, sign-up and password change are not used.
account_urls: list[URLPattern | URLResolver] = [
    path("signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("inactive/", allauth_account.account_inactive, name="account_inactive"),
    path("confirm/", allauth_account.reauthenticate, name="account_reauthenticate"),
    path(
        "confirm/code/",
        allauth_account.request_reauthentication_code,
        name="account_request_reauthentication_code",
    ),
    path(
        "confirm/code/enter/",
        allauth_account.confirm_reauthentication_code,
        name="account_confirm_reauthentication_code",
    ),
    path("email/", account.ChangeEmail.as_view(), name="account_email"),
    path("email/sent/", allauth_account.email_verification_sent, name="account_email_verification_sent"),
    path("email/<str:key>/", allauth_account.confirm_email, name="account_confirm_email"),
    path("password/set/", allauth_account.password_set, name="account_set_password"),
    path("password/reset/", allauth_account.password_reset, name="account_reset_password"),
    path("password/reset/sent/", allauth_account.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/done/",
        allauth_account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("sso/canceled/", RedirectView.as_view(pattern_name="account_login"), name="socialaccount_login_cancelled"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("invitation/<str:token>/", account.accept_invitation, name="accept_invitation"),
    path("impersonation/end/", account.end_impersonation, name="end_impersonation"),
    path("sessions/", account.sessions, name="usersessions_list"),
]
# Both names: Django's, and allauth's.
log_in = account.LogIn.as_view()
log_out = LogoutView.as_view()
change_password = account.PasswordChange.as_view()
urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", log_in, name="login"),
    path("login/", log_in, name="account_login"),
    path("logout/", log_out, name="logout"),
    path("logout/", log_out, name="account_logout"),
    path("password/", change_password, name="password_change"),
    path("password/", change_password, name="account_change_password"),
    path("account/", include(account_urls)),
    path("", include((pages, "dashboard"))),
]
