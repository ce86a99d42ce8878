"""Sellers and target accounts written as a table: one row a member, told by its line."""

from datetime import date

import pytest

from reconciler.core.manifest.reader import Source, read
from reconciler.core.manifest.tables import TableUnreadable
from reconciler.core.model.errors import DeclarationError
from reconciler.wiring import SERVICES

HEAD = """stack: acme
policy: {prune: true}
accounts:
  aws: {service: aws, region: eu-west-1, accountId: "123456789012"}
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:ID", clientSecret: "env:SECRET"}
    sellers: {from: sellers.csv, refreshToken: "aws-secretsmanager:acme/sellers/{seller}"}
queues:
  q: {grants: [{to: amazon-notifications}]}
destinations:
  d: {queue: q}
"""
OFFERS = """subscriptions:
  offers: {destination: d, notificationType: ANY_OFFER_CHANGED, sellers: %s}
"""
CSV = "seller,tier\nacme-de,gold\nacme-fr,silver\nshop-es,gold\n"


def reading(sellers="all", table=CSV, head=HEAD, more=None):
    files = {"sellers.csv": table.encode() if isinstance(table, str) else table, **(more or {})}

    def open_table(name, _beside):
        if name not in files:
            raise TableUnreadable("does not exist")
        return name, files[name]

    text = head + (OFFERS % sellers if sellers else "")
    source = Source("s.yaml", text.encode())
    return read([source], SERVICES, where="s", today=date(2026, 1, 1), open_table=open_table)


def faults(*given, **more):
    with pytest.raises(DeclarationError) as caught:
        reading(*given, **more)
    return [str(problem) for problem in caught.value.problems]


def addresses(declared):
    return [it.address for it in declared.desired if it.address.startswith("subscription.")]


def test_a_row_is_a_seller_with_what_the_template_makes_of_it():
    declared = reading()
    sellers = declared.accounts["app"].sellers
    assert {name: it.refresh_token for name, it in sellers.items()} == {
        name: f"aws-secretsmanager:acme/sellers/{name}"
        for name in ("acme-de", "acme-fr", "shop-es")
    }
    assert [source.name for source in declared.tables] == ["sellers.csv"]


@pytest.mark.parametrize(
    ("sellers", "meant"),
    [
        ("all", ["acme-de", "acme-fr", "shop-es"]),
        ("[acme-fr]", ["acme-fr"]),
        ('["acme-*"]', ["acme-de", "acme-fr"]),
        ('["*-de", "acme-?r", acme-de]', ["acme-de", "acme-fr"]),
        ("{where: {tier: gold}}", ["acme-de", "shop-es"]),
        ('{where: {tier: "*l*r"}}', ["acme-fr"]),
    ],
)
def test_sellers_are_chosen_by_name_pattern_and_column(sellers, meant):
    assert addresses(reading(sellers)) == [f"subscription.offers[{it}]" for it in meant]


def test_a_number_chooses_by_its_text():
    assert addresses(reading("{where: {level: 1}}", "seller,level\na,1\nb,2\n")) == [
        "subscription.offers[a]"
    ]


def test_sellers_written_out_have_labels_too():
    head = HEAD.replace(
        '{from: sellers.csv, refreshToken: "aws-secretsmanager:acme/sellers/{seller}"}',
        '{a: {refreshToken: "env:A", labels: {tier: gold}}, b: {refreshToken: "env:B"}}',
    )
    assert addresses(reading("{where: {tier: gold}}", head=head)) == ["subscription.offers[a]"]


def test_any_column_may_stand_in_the_template():
    head = HEAD.replace("aws-secretsmanager:acme/sellers/{seller}", "{store}:{seller}_{tier}")
    table = "seller,tier,store\nde,GOLD,env\n"
    assert reading(table=table, head=head).accounts["app"].sellers["de"].refresh_token == (
        "env:de_GOLD"
    )


def test_what_spreadsheets_make_of_a_table_is_read():
    table = b'\xef\xbb\xbfseller, tier\r\n"acme-de",gold\r\n,\r\n\r\nacme-fr,"a, b"\r\n'
    assert [*reading(table=table).accounts["app"].sellers] == ["acme-de", "acme-fr"]


def test_columns_are_nobodys_business_elsewhere():
    declared = reading(table="seller,note\nacme-de,Atzr|hush\n")
    assert "hush" not in str(declared.routing)
    assert "hush" not in declared.accounts["app"].model_dump_json()


def test_another_table_is_another_digest():
    assert reading().digest != reading(table=CSV.replace("shop-es", "shop-it")).digest


@pytest.mark.parametrize(
    ("table", "sentences"),
    [
        ("", ["sellers.csv:1:1: empty: the first line names the columns"]),
        (
            "x\na\n",
            ["sellers.csv:1:1: no column 'seller' in the first line, which names 1 column"],
        ),
        ("seller,seller\n", ["sellers.csv:1:1: each column needs a name of its own"]),
        (
            "seller,tier\na,gold\nb\n",
            ["sellers.csv:3:1: this row has 1 value, but 2 columns: keep empty values' commas"],
        ),
        (
            "seller,tier\na,gold,\n",
            ["sellers.csv:2:1: this row has 3 values, but 2 columns: quote values with commas"],
        ),
        *(
            (
                f"seller{sign}tier\na{sign}gold\n",
                [f"sellers.csv:1:1: the columns are separated by {name}: separate by commas"],
            )
            for sign, name in {";": "semicolons", "\t": "tabs", "|": "bars"}.items()
        ),
        ("seller,tier\n,x\n", ["sellers.csv:2:1: the column 'seller' is empty"]),
        ("seller\na\n\nb\na\n", ["sellers.csv:5:1: the same seller as on line 2: keep one"]),
        (b"seller\n\xb5\n", ["sellers.csv:2:1: this is not UTF-8 text: save it as UTF-8"]),
        (
            'seller\n"a\n',
            ["sellers.csv:2:1: this is no CSV from here on: unexpected end of data"],
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(table, sentences):
    assert faults(table=table) == sentences


def test_all_rows_that_are_wrong_are_told_in_one_run():
    assert faults(table="seller,tier\nb\na,x\nc,y,z\na,x\n,x\n") == [
        "sellers.csv:2:1: this row has 1 value, but 2 columns: keep empty values' commas",
        "sellers.csv:4:1: this row has 3 values, but 2 columns: quote values with commas",
        "sellers.csv:5:1: the same seller as on line 3: keep one",
        "sellers.csv:6:1: the column 'seller' is empty",
    ]


def test_a_value_that_the_template_names_is_not_empty():
    head = HEAD.replace("acme/sellers/{seller}", "{store}/{seller}")
    assert faults(table="seller,store\na,de\nb,\n", head=head) == [
        "sellers.csv:3:1: the column 'store' is empty, which refreshToken names"
    ]


def test_a_brace_alone_is_no_column():
    [fault] = faults(head=HEAD.replace("{seller}", "{seller"))
    assert fault.startswith("s.yaml:9:48: accounts.app.sellers.refreshToken: a { or } stands alone")


def test_a_template_may_name_no_column_as_sellers_in_yaml_may_share_a_token():
    assert reading(table="seller\na\nb\n", head=HEAD.replace("{seller}", "a"))


def test_a_template_that_is_missing_is_told_once_and_where_the_table_is_named():
    given = ', refreshToken: "aws-secretsmanager:acme/sellers/{seller}"'
    [fault] = faults(head=HEAD.replace(given, ""))
    assert fault.startswith("s.yaml:9:14: accounts.app.sellers.")
    assert fault.endswith(": 'refreshToken' is missing")


def test_a_name_that_no_seller_can_have_is_told_with_its_row():
    [fault] = faults(table="seller\nacme-de\nacme de\n")
    assert fault.startswith("sellers.csv:3:1: accounts.app.sellers.")
    assert "a seller's name has letters, digits, _ . and -" in fault


def test_what_is_wrong_with_the_template_is_told_once_and_where_it_stands():
    [fault] = faults(head=HEAD.replace("{seller}", "{sellers}"))
    assert fault.startswith("s.yaml:9:48: accounts.app.sellers.refreshToken: the table has no")
    assert "'sellers', did you mean 'seller'?" in fault
    [fault] = faults(head=HEAD.replace("aws-secretsmanager:acme", "Atzr|IwEBI"))
    assert fault.startswith("s.yaml:9:48: accounts.app.sellers.")
    assert "IwEBI" not in fault


def test_a_name_that_makes_no_variable_is_told_for_what_it_is():
    [fault] = faults(
        head=HEAD.replace("aws-secretsmanager:acme/sellers/{seller}", "env:T_{seller}")
    )
    assert "acme-de.refreshToken: expected env:NAME, whose NAME has letters, digits and _" in fault


def test_a_literal_secret_in_a_row_is_not_repeated():
    head = HEAD.replace("aws-secretsmanager:acme/sellers/{seller}", "{token}")
    [fault] = faults(table="seller,token\na,Atzr|hush\nb,Atzr|hush\n", head=head)
    assert "hush" not in fault


def test_a_row_in_the_place_of_the_columns_names_is_not_repeated():
    [fault] = faults("all", "acme-de,Atzr|hush\nacme-fr,Atzr|more\n")
    assert fault == ("sellers.csv:1:1: no column 'seller' in the first line, which names 2 columns")


def test_a_table_that_is_not_there_is_told_at_its_name():
    [fault] = faults(head=HEAD.replace("from: sellers.csv", "from: other.csv"))
    assert fault == "s.yaml:9:21: accounts.app.sellers.from: the table does not exist"
    [fault] = faults(head=HEAD.replace("from: sellers.csv", "from: [a]"))
    assert fault.startswith("s.yaml:9:21: accounts.app.sellers.from: expected the name of a CSV")


@pytest.mark.parametrize(
    ("sellers", "words"),
    [
        ('["nobody-*"]', "no seller of the account matches 'nobody-*'"),
        ("[acme-dd]", "the account has no seller 'acme-dd', did you mean 'acme-de'?"),
        ("{where: {teir: gold}}", "a label 'teir', did you mean 'tier'?"),
        ("{where: {tier: bronze}}", "no seller of the account is labelled 'tier: bronze'"),
        ('{where: {tier: gold, seller: "x"}}', "no seller of the account has a label 'seller'"),
        ("{where: {}}", "sellers.where: give at least one label and its value"),
        ("{were: {tier: gold}}", "sellers: unknown key 'were', did you mean 'where'?"),
        ("{}", "all, or {where: {label: value}}"),
        ("{where: {tier: gold}, were: 1}", "unknown key 'were', did you mean 'where'?"),
        ("gold", "list of the account's sellers or of patterns (acme-*), all, or {where: {"),
    ],
)
def test_a_choice_that_means_nobody_is_an_error(sellers, words):
    found = faults(sellers)
    assert any(words in fault for fault in found), found


SHOP = """stack: acme
policy: {prune: true}
accounts:
  shop: {service: merchant, accountId: "5678"}
subscriptions:
  status:
    registeredEvent: PRODUCT_STATUS_CHANGE
    callBackUri: https://hooks.example.com/{targetAccount}
    targetAccounts: %s
"""


def test_target_accounts_come_from_a_table_too():
    table = {"shops.csv": b"targetAccount,tier\n1,gold\n2,silver\n3,gold\n"}
    given = SHOP % "{from: shops.csv, where: {tier: gold}}"
    declared = reading(None, head=given, more=table)
    assert addresses(declared) == ["subscription.status[1]", "subscription.status[3]"]
    given = SHOP % "{from: shops.csv, where: {teir: gold}}"
    [fault] = faults(None, head=given, more=table)
    assert "where: the table has no column 'teir', did you mean 'tier'?" in fault
    given = SHOP % "{from: shops.csv, where: {tier: lead}}"
    [fault] = faults(None, head=given, more=table)
    assert fault.endswith("targetAccounts.where: no row of the table has these values")
    empty = {"shops.csv": b"targetAccount\n"}
    [fault] = faults(None, head=SHOP % "{from: shops.csv}", more=empty)
    assert fault.endswith("targetAccounts: the table is empty")
    [fault] = faults(None, head=SHOP % "{from: shops.csv}", more={"shops.csv": b"account\n1\n"})
    assert fault == (
        "shops.csv:1:1: no column 'targetAccount' in the first line, which names 1 column, did you "
        "mean 'account'?"
    )
    [fault] = faults(None, head=SHOP % "{from: s.csv}", more={"s.csv": b"targetAccount\n1\nx\n"})
    assert fault.startswith("s.csv:3:1: ")


def test_a_wave_of_nobody_is_told_for_all_would_change_at_once():
    waves = 'policy: {prune: true, waves: ["acme-*", "canry-*", "10%", "*"]}'
    declared = reading(head=HEAD.replace("policy: {prune: true}", waves))
    [hint] = declared.hints
    assert str(hint).startswith(
        "s.yaml:2:41: policy.waves.1: no declared seller or target is called"
    )
    assert "'canry-*'" in hint.message


def test_a_share_that_earlier_waves_have_had_is_told():
    waves = 'policy: {prune: true, waves: ["acme-*", "50%", "10%", "50%", "100%"]}'
    declared = reading(head=HEAD.replace("policy: {prune: true}", waves))
    assert [str(hint) for hint in declared.hints] == [
        f"s.yaml:2:{column}: policy.waves.{number}: shares count earlier ones in: {share} is no "
        "more than 50% before it, so nobody goes first there"
        for column, number, share in ((48, 2, "10%"), (55, 3, "50%"))
    ]


def test_a_wave_of_nobody_is_told_beside_members_that_only_the_service_names():
    waves = 'policy: {prune: true, waves: ["canry-*", "9*", "100%"]}'
    declared = reading(None, head=(SHOP % "linked").replace("policy: {prune: true}", waves))
    [hint] = declared.hints
    assert "policy.waves.0: no declared seller or target is called 'canry-*'" in hint.message


def test_where_nothing_is_read_from_files_there_are_no_tables():
    source = Source("s.yaml", HEAD.encode())
    with pytest.raises(DeclarationError, match="only declarations in files have tables"):
        read([source], SERVICES, where="s", today=date(2026, 1, 1))


def test_a_table_that_two_fields_name_is_read_and_complained_about_once():
    status = SHOP % "{from: shops.csv}"
    twice = status + status.partition("subscriptions:\n")[2].replace("status:", "again:").replace(
        "PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE"
    )
    declared = reading(None, head=twice, more={"shops.csv": b"targetAccount\n1\n"})
    assert addresses(declared) == ["subscription.again[1]", "subscription.status[1]"]
    [fault] = faults(None, head=twice, more={"shops.csv": b"targetAccount\n1,2\n"})
    assert fault.startswith("shops.csv:2:1: ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{from: shops.csv, where: gold}", "where: expected a mapping (column: value)"),
        ("{from: shops.csv, were: {tier: gold}}", "unknown key 'were', expected from and where"),
        ("{from: shops.csv, where: {}}", "where: give at least one column and its value"),
    ],
)
def test_what_is_wrong_with_a_choice_of_rows_is_told(given, words):
    [fault] = faults(None, head=SHOP % given, more={"shops.csv": b"targetAccount,tier\n1,gold\n"})
    assert words in fault


def test_a_template_that_is_no_text_is_told_like_any_wrong_value():
    given = '"aws-secretsmanager:acme/sellers/{seller}"'
    [fault] = faults(head=HEAD.replace(given, "12"))
    assert "refreshToken: expected a reference to a secret" in fault


def test_verifying_without_waves_is_warned_of(declare):
    found = declare("", head="stack: acme\npolicy: {prune: true, verify: true}\n")
    [hint] = found.hints
    assert "policy.verify: nothing is verified" in str(hint)


def test_a_column_of_target_accounts_is_wanted_as_one_value():
    table = {"shops.csv": b"targetAccount,tier\n1,gold\n"}
    [fault] = faults(None, head=SHOP % "{from: shops.csv, where: {tier: [gold]}}", more=table)
    assert "targetAccounts.where.tier: expected text or a number, not a list" in fault


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("1,gold\nacme,\n", "shops.csv:3:1: the column 'targetAccount': expected the number of a"),
        ("1,gold\n,silver\n2,\n", "shops.csv:3:1: the column 'targetAccount' is empty"),
        ("1,gold\n2,\naccounts/2,\n", "shops.csv:4:1: the same targetAccount as on line 3"),
    ],
)
def test_rows_that_nobody_chooses_are_checked_like_the_others_and_told_once(rows, fault):
    chosen = SHOP % "{from: shops.csv, where: {tier: gold}}"
    again = chosen.partition("subscriptions:\n")[2].replace("status:", "again:")
    twice = chosen + again.replace("PRODUCT_STATUS_CHANGE", "ACCOUNT_SERVICE_CHANGE")
    table = {"shops.csv": f"targetAccount,tier\n{rows}".encode()}
    [told] = faults(None, head=twice, more=table)
    assert told.startswith(fault)
    assert "acme" not in told
