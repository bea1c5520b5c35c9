"""Rules to begin with, for Hong Kong. They count for no library until an admin classes one.

None has been compared with the text of the law by this project: each says what it was taken from.
"""

from django.db import migrations

AMLO = "https://www.elegislation.gov.hk/hk/cap615"
IRO = "https://www.elegislation.gov.hk/hk/cap112"
CLASSES = {
    "customer-due-diligence": "Customer due diligence records",
    "transaction": "Transaction records",
    "business": "Business and accounting records",
    "no-duty": "Records without a duty to keep",
}
RULES = (
    {
        "code": "amlo-cdd",
        "title": "AMLO: customer due diligence records",
        "citation": "Anti-Money Laundering and Counter-Terrorist Financing Ordinance (Cap. 615), "
        "Schedule 2, section 20(3)",
        "link": AMLO,
        "remark": "Not verified against the ordinance. Taken from summaries of the SFC and the "
        "Law Society: throughout the business relationship and at least 5 years after its end. An "
        "authority may require longer by notice (section 20(4)): place a hold for that.",
        "classes": ["customer-due-diligence"],
        "event_source": "attribute",
        "event_name": "relationship_end",
        "period": "P5Y",
    },
    {
        "code": "amlo-transactions",
        "title": "AMLO: transaction records",
        "citation": "Anti-Money Laundering and Counter-Terrorist Financing Ordinance (Cap. 615), "
        "Schedule 2, section 20(2)",
        "link": AMLO,
        "remark": "Not verified against the ordinance. Taken from summaries of the SFC and the "
        "Law Society: at least 5 years after the transaction.",
        "classes": ["transaction"],
        "event_source": "attribute",
        "event_name": "transaction_date",
        "period": "P5Y",
    },
    {
        "code": "iro-business-records",
        "title": "Inland Revenue Ordinance: business records",
        "citation": "Inland Revenue Ordinance (Cap. 112), section 51C",
        "link": IRO,
        "remark": "Not verified against the ordinance. Taken from secondary sources that agree: at "
        "least 7 years after the transaction to which the record belongs.",
        "classes": ["business", "transaction"],
        "event_source": "attribute",
        "event_name": "transaction_date",
        "period": "P7Y",
    },
    {
        "code": "no-duty",
        "title": "No duty to keep is known",
        "citation": "A decision of the organisation: name it here",
        "link": "",
        "remark": "For libraries of which somebody has found that no law or contract asks to keep "
        "them. Nothing counts as such by itself.",
        "classes": ["no-duty"],
        "event_source": "file_date",
        "event_name": "",
        "period": "P0D",
    },
)


def make(apps, schema_editor):
    record_class = apps.get_model("review", "RecordClass")
    for code, name in CLASSES.items():
        record_class.objects.create(code=code, name=name)
    for preset in RULES:
        rule = apps.get_model("review", "RetentionRule").objects.create(code=preset["code"])
        facts = {name: value for name, value in preset.items() if name != "code"}
        apps.get_model("review", "RetentionRuleVersion").objects.create(
            rule=rule, number=1, needs_approval=False, **facts
        )


class Migration(migrations.Migration):
    dependencies = [("review", "0006_keeping")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
