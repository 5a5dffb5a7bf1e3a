"""URLs of the merchant pages: `/s/<seller>/…`, login and password."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from dashboard.views import account, checks, connections, issues, items, overview, preferences, runs, search, webhooks

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
    path("settings/", preferences.show, name="preferences"),
    path("settings/keys/", preferences.create_key, name="create_key"),
    path("settings/keys/<int:key>/revoke/", preferences.revoke_key, name="revoke_key"),
]
pages: list[URLPattern | URLResolver] = [
    path("", account.home, name="home"),
    path("s/<slug:seller>/", include(seller_urls)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", account.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    path("", include((pages, "dashboard"))),
]
