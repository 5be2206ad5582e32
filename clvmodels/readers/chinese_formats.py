"""Formats of exports of Chinese shops and payment services: Taobao and Tmall, JD, Youzan, WeChat Pay and Alipay."""

from __future__ import annotations

import narwhals as nw

from clvmodels.readers.export_format import ExportFormat

__all__ = ["CHINESE_FORMATS"]

KEPT_AS_TEXT = r"^=\"|\"$|^['`]"  # ="123" or `123, which keep all digits in a spreadsheet

TAOBAO = ExportFormat(  # "ExportOrderList", and Tmall's report of orders
    name="taobao",
    header=frozenset({"订单编号", "买家会员名", "买家实际支付金额", "订单状态", "订单创建时间"}),
    roles={
        "customer_id": ("买家会员名",),
        "order_id": ("订单编号",),
        "amount": ("买家实际支付金额",),
        "refunded": ("退款金额",),
        "status": ("订单状态",),
    },
    date=("订单创建时间",),
    formats=(None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    wrapping=KEPT_AS_TEXT,
    notes={"amount": "of the whole order, with postage", "date": "when the order was placed"},
)
JD = ExportFormat(
    name="jd",
    header=frozenset({"订单号", "下单时间", "应付金额", "订单状态", "下单帐号"}),
    roles={
        "customer_id": ("下单帐号",),
        "order_id": ("订单号",),
        "amount": ("应付金额",),
        "status": ("订单状态",),
    },
    date=("下单时间",),
    formats=(None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    once=("订单号", "应付金额"),
    once_by=("订单号", "下单时间"),
    wrapping=KEPT_AS_TEXT,
    computed={
        "status": nw.when(nw.col("订单状态").str.contains(r"^[(（]?删除[)）]?"))
        .then(nw.lit("已取消"))
        .otherwise(nw.col("订单状态"))
    },
    notes={"amount": "of the whole order, which the file repeats for each product", "status": "删除 is cancelled"},
)
YOUZAN = ExportFormat(
    name="youzan",
    header=frozenset({"订单号", "买家付款时间", "收货人手机号/提货人手机号", "订单实付金额"}),
    roles={
        "customer_id": ("买家手机号", "收货人手机号/提货人手机号"),
        "order_id": ("订单号",),
        "amount": ("订单实付金额",),
        "refunded": ("订单已退款金额",),
        "status": ("订单状态",),
    },
    date=("买家付款时间",),
    formats=(None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    keep={"not_paid": ~nw.col("买家付款时间").is_null()},
    once=("订单号", "订单实付金额"),
    once_by=("订单号", "买家付款时间"),
    wrapping=KEPT_AS_TEXT,
    notes={"customer_id": "the phone of the buyer, or of the recipient", "amount": "of the whole order"},
)
PAID_BACK = nw.col("交易状态").is_in(["REFUND", "REVOKED"])
WECHAT_PAY = ExportFormat(
    name="wechat_pay",
    header=frozenset({"交易时间", "微信订单号", "商户订单号", "用户标识", "交易状态", "退款金额"}),
    roles={
        "customer_id": ("用户标识",),
        "order_id": ("商户订单号", "微信订单号"),
        "amount": ("订单金额", "应结订单金额", "总金额"),
        "back": ("退款金额",),
        "currency": ("货币种类",),
        "status": ("交易状态",),
    },
    date=("交易时间",),
    formats=(None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    wrapping=KEPT_AS_TEXT,
    keep={
        "not_a_payment": nw.col("交易状态").is_in(["SUCCESS", "REFUND", "REVOKED"]),
    },
    computed={"status": nw.when(PAID_BACK).then(nw.lit("refund")).otherwise(nw.lit("paid"))},
    finish=lambda lazy: lazy.with_columns(
        amount=nw.when(nw.col("status") == "refund").then(-nw.col("back").abs()).otherwise(nw.col("amount"))
    ),
    notes={"customer_id": "the openid of the payer", "amount": "of the order; refunds are rows of their own, negative"},
)
ALIPAY = ExportFormat(
    name="alipay",
    header=frozenset({"支付宝交易号", "商户订单号", "业务类型", "完成时间", "对方账户", "订单金额（元）"}),
    roles={
        "customer_id": ("对方账户",),
        "order_id": ("商户订单号", "支付宝交易号"),
        "amount": ("订单金额（元）",),
        "status": ("业务类型",),
    },
    date=("完成时间",),
    formats=(None, "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    wrapping=KEPT_AS_TEXT,
    keep={"not_a_payment": nw.col("业务类型").is_in(["交易", "退款"])},
    computed={"status": nw.when(nw.col("业务类型") == "退款").then(nw.lit("refund")).otherwise(nw.lit("paid"))},
    finish=lambda lazy: lazy.with_columns(
        amount=nw.when(nw.col("status") == "refund").then(-nw.col("amount").abs()).otherwise(nw.col("amount"))
    ),
    notes={"customer_id": "the account of the payer", "amount": "refunds are rows of their own, negative"},
)
CHINESE_FORMATS = (TAOBAO, JD, YOUZAN, WECHAT_PAY, ALIPAY)
