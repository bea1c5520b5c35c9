from django.urls import path

from dedup_site.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.ChangePassword.as_view(), name="change_password"),
    path("password/<uidb64>/<token>/", views.ChoosePassword.as_view(), name="choose_password"),
]
