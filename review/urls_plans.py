"""The addresses of action plans; part of `review.urls`."""

from django.urls import path

from review.views import action_rules, plan_actions, plans

urlpatterns = [
    path("plans/", plans.overview, name="plans"),
    path("plans/new/", plans.new, name="plan_new"),
    path("plans/<int:pk>/", plans.plan, name="plan"),
    path("plans/<int:pk>/propose/", plans.propose, name="plan_propose"),
    path("plans/<int:pk>/approve/", plans.approve, name="plan_approve"),
    path("plans/<int:pk>/refuse/", plans.refuse, name="plan_refuse"),
    path("plans/<int:pk>/withdraw/", plans.withdraw, name="plan_withdraw"),
    path("plans/<int:pk>/export/", plans.export, name="plan_export"),
    path("plans/<int:pk>/start/", plan_actions.start, name="plan_start"),
    path("plans/files/<int:pk>/restore/", plan_actions.restore, name="plan_restore"),
    path("plans/certificates/<int:pk>/", plans.certificate, name="plan_certificate"),
    path("plans/certificates/<int:pk>/proof/", plan_actions.proof, name="plan_proof"),
    path("plans/certificates/<int:pk>/list/", plan_actions.to_do_list, name="plan_to_do"),
    path("plans/libraries/<int:pk>/", action_rules.action_rule, name="action_rule"),
]
