# 简体中文（中国大陆用语）。消息的编号与变量见 en.ftl；术语及其来源见 guide/terms.md。
#
# 除 en.ftl 开头列出的函数外，还有：DATE($day) 1997年9月30日；DURATION($horizon) 26周；UNIT($unit) 周；
# CURRENCY($currency) 美元。

## 数据：交易日志、清洗与 RFM

rows-without-id = { COUNT($rows) } 行没有客户编号，已剔除
customers-left-out = { COUNT($customers) } 位客户首次出现于 { DATE($day) } 或之前，未计入
log-misses-cutoff-day = 在 { DATE($day) } 当时掌握的日志里没有该{ UNIT($period) }的记录，而现在的日志里有：这些行当时是否遗漏了？

log-stray-dates = { COUNT($dates) } 个日期远在其余日期之外，其余日期为 { DATE($first) } 至 { DATE($last) }：日志因此从 { DATE($earliest) } 延伸到 { DATE($latest) }
profile-id-placeholder = 编号 { $id } 占全部行的 { PERCENT($share, places: 1) }（{ COUNT($rows) } 行），远多于其他编号：它很可能代表身份未知的客户
profile-id-dominant = 编号 { $id } 占全部行的 { PERCENT($share, places: 1) }（{ COUNT($rows) } 行）；排在其后的编号有 { COUNT($next) } 行
profile-id-variants = { COUNT($ids) } 个编号只在大小写、空格或前导零上有差别，可能实为 { COUNT($customers) } 位客户（例如 { $examples }）
profile-id-tests = { COUNT($ids) } 个编号像是店铺测试用的邮箱（例如 { $examples }）；如果确实如此，请用 CleaningRules 的 internal_customers 或 internal_pattern 将其剔除
profile-one-row-per-customer = { COUNT($customers) } 位客户各只购买一次：这要么是每位客户一行的汇总表，要么客户每次下单都换新编号，要么日志太短、尚无人复购；无法据此拟合模型

rfm-customers = { COUNT($customers) } 位客户，{ COUNT($repeat_purchases) } 次复购
rfm-observed = 观察至 { DATE($end) }
rfm-clock = 时间以{ UNIT($unit) }计，同一{ UNIT($merge_within) }内的购买合并为一次
rfm-clock-zone = 时间以{ UNIT($unit) }计，同一{ UNIT($merge_within) }内的购买合并为一次，时区 { $zone }
rfm-clock-discrete = 时间以自然{ UNIT($unit) }计，每{ UNIT($unit) }为一次购买机会
rfm-clock-discrete-zone = 时间以自然{ UNIT($unit) }计，每{ UNIT($unit) }为一次购买机会，时区 { $zone }
rfm-bought-once = { PERCENT($share, places: 1) } 的客户只买过一次
rfm-first-purchase-counts = monetary_value 含首次购买

holdout-customers = 截至 { DATE($calibration_end) } 已有 { COUNT($customers) } 位客户，跟踪至 { DATE($holdout_end) }
holdout-purchases = 在这 { SHORT($length, digits: 4) } { UNIT($unit) }内，其中 { PERCENT($share, places: 1) } 的客户共购买 { COUNT($purchases) } 次
holdout-new-customers = 截止日之后首次出现 { COUNT($customers) } 位客户，购买 { COUNT($purchases) } 次

cleaning-rows = { COUNT($rows) } 行整理为 { COUNT($transactions) } 笔交易
cleaning-merged = { COUNT($lines) } 行并入所属订单
cleaning-set-aside = { COUNT($rows) } 行被剔除
cleaning-money = 输入金额 { FIXED($money_in, places: 2) }，保留 { FIXED($money_kept, places: 2) }

cleaning-shared-orders = { COUNT($orders) } 个订单号属于多位客户；每位客户的行各算一次购买
cleaning-filled-customers = { COUNT($rows) } 行没有客户编号，取同一订单其他行的客户
cleaning-unknown-statuses = { COUNT($rows) } 行的状态含义不明（{ $statuses }），{ $treatment ->
    [void] 已剔除
   *[counted] 按销售计入
    }

file-encoding = { $file } 按 { $encoding } 编码读取
file-delimiter = { $file } 的列以{ $delimiter ->
    [comma] 逗号
    [semicolon] 分号
    [tab] 制表符
    [pipe] 竖线
   *[other] 其他字符
    }分隔
file-decimal-comma = { $file } 的数字以逗号作小数点
file-header-row = { $file } 的表头在第 { $row } 行
file-sheet = { $file } 中读取的是 { $sheet }

export-further-line = { COUNT($rows) } 行未计入：订单的后续行，总额在订单首行
export-not-a-payment = { COUNT($rows) } 行未计入：既不是收款，也不是收款的退款
export-not-a-purchase-event = { COUNT($rows) } 行未计入：购买与退款以外的事件
export-replaced-by-later-export = { COUNT($rows) } 行未计入：所属订单在后来的导出文件里
export-repeated-order = { COUNT($rows) } 行未计入：订单重复导出

status-listed = 由 { $word } 指定
status-known = 已知状态
status-part = 含有“{ $word }”
status-amount-stated = 已退款；日志给出金额
status-rows-of-refunds = 部分退款；退款另有其行
status-blank = 无状态
status-unknown = 含义不明
ledger-rows-in = 输入行
ledger-kept = 保留
ledger-no-customer-id = 无客户编号
ledger-void-status = 状态不属于销售
ledger-no-amount = 无金额
ledger-internal-account = 内部账户
ledger-non-product = 编码不是商品
ledger-exact-duplicate = 完全重复
ledger-refund-of-void-order = 不属于销售的订单的退款
ledger-refund-dropped = 退款不计
ledger-refund-netted = 退款已冲抵
ledger-refund-beyond-purchase = 退款大于原购买
ledger-refund-before-purchase = 退款早于任何购买
ledger-refund-unmatched = 找不到对应购买的退款
ledger-purchase-reversed = 购买被全额冲回
ledger-purchase-reduced = 购买金额减少
ledger-zero-amount = 金额为零
ledger-merged-into-order = 并入所属订单
ledger-repeated-total = 订单总额在后续行重复
ledger-order-id-reused = 订单号日后再次使用，单独算一次购买
ledger-order-spans-weeks = 订单各行相隔超过一周
ledger-outlier-flagged = 标记为异常值
ledger-outlier-winsorized = 异常值已缩尾

rows-after-end = { DATE($end) }之后的 { COUNT($rows) } 行未计入

## 日志画像：日志能支持什么

profile-units = { $unit ->
    [day] 天
    [week] 周
    [month] 个月
   *[year] 年
    }
profile-log = { COUNT($customers) } 位客户购买 { COUNT($purchases) } 次，{ DATE($first_day) } 至 { DATE($last_day) }（{ SHORT($span, digits: 4) } { profile-units }）
profile-bought-once = { PERCENT($share, places: 1) } 的客户只买过一次；复购 { COUNT($repeat_purchases) } 次
profile-same-day = { COUNT($transactions) } 笔交易中，{ PERCENT($share, places: 1) } 与同一客户同日的另一笔合并
profile-line-items = 这些数据像是订单明细：请先清洗（clv clean）

profile-intertimes-none = 没有客户复购，因此没有购买间隔
profile-intertimes = 典型的购买间隔为 { SHORT($median) } { profile-units }（一半间隔在 { SHORT($lower) } 至 { SHORT($upper) } 之间，90% 不超过 { SHORT($most) }）

profile-k = k = { $is_finite ->
    [yes] { FIXED($k, places: 2) }
   *[no] ∞
    }
profile-regularity-unknown = 没有客户有两次以上复购，购买的规律性未知
profile-regularity-regular = 客户按固定间隔购买：{ profile-k }，1 表示随机{ $few_days ->
    [yes] （相隔仅数天的购买看起来比实际更规律，因为按天计数）
   *[no] { "" }
    }
profile-regularity-clumped = 购买成簇出现：{ profile-k }，1 表示随机
profile-regularity-random = 购买时点大致随机：{ profile-k }，1 表示随机

profile-arrivals-few-customers = { COUNT($customers) } 位客户太少，无法判断客户是否早于日志
profile-arrivals-one-cohort = 几乎所有客户都首次出现于{ $days ->
    [1] 同一天
   *[other] { COUNT($days) } 天之内
    }：要么他们是当时获取的同一批客户，要么全都早于日志，日志本身无法区分
profile-arrivals-window = { $window_days ->
    [1] 第一天
   *[other] 最初 { $window_days } 天
    }
profile-arrivals-early = { PERCENT($early_share) } 的客户首次出现于{ profile-arrivals-window }
profile-arrivals-crowd = { profile-arrivals-early }，为平常的 { FIXED($crowding, places: 1) } 倍
profile-arrivals-follow-up = { COUNT($follow_up_days) } 天内复购 { FIXED($early_repeats, places: 2) } 次，后来的客户为 { FIXED($later_repeats, places: 2) } 次
profile-arrivals-seen = 首次购买没有集中在日志开头（{ profile-arrivals-early }），因此能反映获客时间
profile-arrivals-older = { profile-arrivals-crowd }，且比后来的客户买得更勤（{ profile-arrivals-follow-up }）：他们早于日志。若去掉 { DATE($day) } 及之前首次出现的客户，还剩 { COUNT($remaining) } 位（{ PERCENT($remaining_share) }）：建议保留与去掉两种做法都试一试
profile-arrivals-older-few-left = { profile-arrivals-crowd }，且比后来的客户买得更勤（{ profile-arrivals-follow-up }）：他们早于日志。若去掉 { DATE($day) } 及之前首次出现的客户，只剩 { COUNT($remaining) } 位（{ PERCENT($remaining_share) }），可见日志里几乎没有新客户，而模型会把日志中的第一次购买当作客户的首次购买
profile-arrivals-crowded = { profile-arrivals-crowd }，但并没有明显比后来的客户买得更勤{ $has_follow_up ->
    [yes] （{ profile-arrivals-follow-up }）
   *[no] { "" }
    }：要么是开业或上线带来的客户，要么他们早于日志。若属后者，请去掉 { DATE($day) } 及之前首次出现的客户
profile-arrivals-more-frequent = 首次出现于{ profile-arrivals-window }的客户比后来的买得更勤（{ profile-arrivals-follow-up }），但没有集中出现：要么新客户变了，要么部分客户早于日志
profile-acquired-after-option = 若要去掉这些客户再试，请传入 acquired_after='{ $day }'，这会去掉 { PERCENT($dropped_share) } 的客户；在做过这种尝试的日志里，对其余客户的预测低了 15% 至 27%，因此请用回测比较两种做法

profile-season-short-log = 无法把季节性与趋势分开：需要 { COUNT($months_needed) } 个完整月份，而日志只有 { COUNT($months) } 个
profile-season-few-purchases = 看不出季节性：{ COUNT($repeat_purchases) } 次复购太少，无法比较各月
profile-no-season = 未发现季节性（{ P_VALUE($p_value) }）
profile-season = 月份解释了购买率围绕趋势波动的 { PERCENT($strength) }：从 { MONTH($quietest) }为平均的 { FIXED($quietest_index, places: 2) } 倍，到 { MONTH($busiest) }的 { FIXED($busiest_index, places: 2) } 倍。没有日历时，请按整年比较

profile-opportunities-none = 购买可发生在任何一天
profile-opportunities = { PERCENT($share) } 的购买发生在{ $kind ->
    [weekday] { WEEKDAY($weekday) }
    [date] { MONTH($month) } { $day } 日
    [day_of_month] 每月 { $day } 日
    [last_day_of_month] 每月最后一天
   *[before_end] 月末前 { $days } 天
    }，因此每{ UNIT($period) }为一次购买机会
profile-opportunities-option = 若要按购买机会计数，请传入 time_unit='{ $period }' 与 merge_within='{ $period }'

profile-spend = 消费最高的 1% 客户占金额的 { PERCENT($top_1) }{ $tail ->
    [no_mean] ；消费的尾部极重（指数 { FIXED($tail_index, places: 2) }），平均值没有意义：请先剔除最大的客户
    [no_variance] ；消费的尾部较重（指数 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }），平均值由少数大客户左右
    [finite_variance] ；消费尾部的指数为 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }（不超过 2 为重尾）
   *[unknown] { "" }
    }{ $has_free_purchases ->
    [yes] ；{ PERCENT($zero, places: 1) } 的购买金额为零
   *[no] { "" }
    }

profile-check = { $check ->
    [customers] 客户数
    [repeat_customers] 有复购的客户数
    [repeat_purchases] 复购次数
    [frequent_customers] 复购两次以上的客户数
    [span] 日志长度（以购买间隔计）
   *[repeat_share] 有复购的客户占比
    }
profile-check-failed = { profile-check }：{ SHORT($value) }
profile-check-caution = { profile-check }：{ SHORT($value, digits: 4) }，{ $status ->
    [sufficient] 充足
    [thin] 偏少
   *[insufficient] 不足
    }（{ SHORT($comfortable, digits: 4) } 较为宽裕）：{ $reason }
profile-check-customers = 客户更少时，参数难以区分
profile-check-repeat-customers = 只有这些客户能反映购买率与消费
profile-check-repeat-purchases = 每一次都增加信息
profile-check-frequent-customers = 他们能区分“已流失”与“买得少”
profile-check-span = 日志更短时，看不出有客户流失
profile-check-repeat-share = 占比更低时，可学的东西很少
profile-limits = { $limits ->
    [none] { "" }
    [older] ；注意客户早于日志
    [season] ；注意看不出季节性
   *[both] ；注意客户早于日志，且看不出季节性
    }
profile-sufficient = 数据足以拟合模型{ profile-limits }
profile-thin = 数据偏少（{ $checks }）{ profile-limits }
profile-insufficient = 数据太少（{ $checks }）{ profile-limits }
profile-models = 适用的模型：{ $titles }
profile-models-none = 没有明显适合这些数据的模型

profile-model-older = { $is_older ->
    [yes] ；早于日志的客户会使它失真
   *[no] { "" }
    }
profile-model-timing = { $is_regular ->
    [yes] 购买有规律（{ profile-k }），此模型忽略这一点，但客户排序并不因此变差
   *[no] 购买时点随机
    }
profile-model-regular-timing = { $is_regular ->
    [yes] 购买有规律（{ profile-k }），可以一试：以往尝试中总量有变化，而客户排序变差
   *[no] 购买时点并不明显规律
    }
profile-model-dropout-at-once = { PERCENT($once) } 的客户只买过一次，因此{ $many_once ->
    [yes] 许多客户可能在首次购买后就已流失
   *[no] 首次购买后流失的客户不多
    }
profile-model-alive-after-first = { $many_once ->
    [yes] ；但 { PERCENT($once) } 的客户只买过一次，而此模型假定他们全都仍然活跃
   *[no] { "" }
    }
profile-model-opportunities = 客户每{ UNIT($period) }可购买一次{ profile-model-older }
profile-model-other-opportunities = 购买集中在每{ UNIT($period) }的固定一天：请按购买机会而不是天数计
profile-model-mbgcnbd = { profile-model-regular-timing }；{ profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgcnbd = { profile-model-regular-timing }{ $is_regular ->
    [yes] { profile-model-alive-after-first }
   *[no] { "" }
    }{ profile-model-older }
profile-model-mbgnbd = { profile-model-timing }；{ profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgnbd = { profile-model-timing }{ profile-model-alive-after-first }{ profile-model-older }
profile-model-pareto-nbd = { profile-model-timing }；客户随时可能流失，不限于购买之后{ profile-model-older }
profile-model-ggompertz-nbd = 随时间上升的流失率要数年才看得出，而日志只有 { FIXED($years, places: 1) } 年{ profile-model-older }
profile-model-nbd = 没有客户流失的基准模型，用来看流失值多少{ profile-model-older }
profile-model-bgbb = 购买可发生在任何一天，因此没有可计的购买机会
profile-model-no-amounts = 读取日志时没有金额
profile-model-no-mean = 消费的尾部极重（指数 { FIXED($tail_index, places: 2) }），均值不存在
profile-model-heavy-tail = 消费的尾部较重（指数 { FIXED($tail_index, places: 2) }）；{ $independence }{ profile-model-older }
profile-model-heavy-tail-possible = 消费的尾部可能较重（指数 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }）；{ $independence }{ profile-model-older }
profile-model-spend-independence = { $independence }{ profile-model-older }

profile-independence-unknown = 频次与消费的关系未知，因为二者之一没有变化
profile-independence-supported = { profile-independence-correlation }：数据支持 Gamma-Gamma 的独立性假设
profile-independence-weakly-violated = { profile-independence-correlation }：Gamma-Gamma 的独立性假设略有偏离，购买极频繁或极少的客户的价值会有偏差
profile-independence-violated = { profile-independence-correlation }：Gamma-Gamma 的独立性假设明显不成立；请先按频次核对金额
profile-independence-correlation = 在 { COUNT($customers) } 位客户中，频次与客单价的相关系数为 { FIXED($correlation, places: 2) }（{ P_VALUE($p_value) }）{ $has_ratio ->
    [yes] ；购买最频繁的 10% 客户每次消费为其他客户的 { FIXED($spend_ratio, places: 2) } 倍
   *[no] {""}
    }

## 模型：拟合、证书与边界

fit-converged = 梯度为零，且似然在各个方向上都下降
fit-some-leave-at-once = 部分客户在首次购买后立即流失，此后几乎无人流失：{ $parameter } 与无穷大无法区分
fit-no-dropout-at-first = 起初没有客户流失：{ $parameter } 与 0 无法区分
fit-other-maximum = 似然还有另一个极大值，仅低 { FIXED($difference, places: 2) }：其参数见 other_maxima，区间不包含它
fit-not-a-maximum = 参数来自另一次拟合：若由这些客户估计，对数似然约高 { FIXED($gain, places: 1) }
fit-uncertainty-not-known = 从这些参数出发，这些客户的似然并非在各个方向上都下降：区间未涵盖其不确定性
fit-not-identified = 数据无法识别 { $coordinates }
fit-purchase-rates-equal = 所有客户的购买率相同：{ $parameter } 与无穷大无法区分
fit-purchases-by-few = 全部购买来自少数客户：{ $parameter } 与 0 无法区分
fit-no-repeat-purchases = 没有复购：{ $parameter } 与全部预期购买次数和 0 无法区分
fit-purchase-probabilities-equal = 所有客户的购买概率相同：{ $parameter } 与无穷大无法区分
fit-purchases-always-or-never = 每位客户要么每次机会都购买，要么从不购买：{ $parameter } 与 0 无法区分
fit-purchases-at-every-opportunity = 客户在流失之前每次机会都购买：{ $parameter } 与 1 无法区分
fit-dropout-equal = 所有客户流失的可能性相同：{ $parameter } 与无穷大无法区分
fit-dropout-at-once-or-never = 每位客户要么立即流失，要么永不流失：{ $parameter } 与 0 无法区分
fit-dropout-after-next-purchase = 每位客户在下一次购买后流失：{ $parameter } 与 1 无法区分
fit-dropout-before-next-opportunity = 每位客户在下一次机会之前流失：{ $parameter } 与 1 无法区分
fit-dropout-at-same-age = 所有客户在同样的时长后流失：{ $parameter } 与无穷大无法区分
fit-no-dropout = 数据中看不出流失：{ $parameter } 与 0 无法区分
fit-no-dropout-nbd = 数据中看不出流失：{ $parameter } 与 0 无法区分，预测与 NBD 模型相同
fit-no-aging = 流失风险不随时间上升：{ $parameter } 与 0 无法区分，预测与 Pareto/NBD 模型相同
fit-spend-within-unbounded = 同一客户的消费波动没有界限：{ $parameter } 与 0 无法区分
fit-spend-within-constant = 每位客户每次消费都相同：{ $parameter } 与无穷大无法区分
fit-spend-equal = 所有客户的平均消费相同：{ $parameter } 与无穷大无法区分
fit-spend-unbounded = 客户之间平均消费的差异没有界限：{ $parameter } 与 0 无法区分
fit-coefficient-infinite = { $parameter } 与无穷大无法区分（l2= 可使其有限）
fit-coefficient-minus-infinite = { $parameter } 与负无穷大无法区分（l2= 可使其有限）

## 价值

value-terms = { $horizon_has_unit ->
    [ever] 未来全部购买
    [yes] 未来{ DURATION($horizon) }的购买
   *[no] 未来 { SHORT($horizon) } 个时间单位的购买
    }，按每年 { SHORT_PERCENT($annual_rate) } 的折现率{ $timing ->
    [continuous] 从每次购买的时点折现
    [period_end] 从每{ UNIT($period) }末折现
   *[other] 按“{ $timing }”惯例、以一{ UNIT($period) }为期折现
    }，毛利率 { SHORT_PERCENT($margin) }
money-quantity = { $quantity ->
    [remaining_value] 剩余价值（自观察期末起）
    [value_at_acquisition] 获客时价值（自首单起，未扣获客成本）
   *[lifetime_net_value] 终身净价值：已实现与剩余价值之和减获客成本，折算到首单当日
    }
money-terms = { money-quantity }{ $has_currency ->
    [yes] ，以{ CURRENCY($currency) }计
   *[no] { "" }
    }：{ $terms }。
money-terms-since-first-order = { money-quantity }{ $has_currency ->
    [yes] ，以{ CURRENCY($currency) }计
   *[no] { "" }
    }：首单起 { SHORT($days) } 天内的订单（含首单），{ $discounted ->
    [yes] 按每年 { SHORT_PERCENT($annual_rate) } 折现到首单当日
   *[no] 不折现
    }，毛利率 { SHORT_PERCENT($margin) }。
money-negative-margin = 毛利率为负（{ SHORT_PERCENT($margin) }），因此每一单都减少价值。
money-no-mean-spend = { COUNT($customers) } 位客户没有预期消费，也没有价值，不计入合计。
money-negative = { COUNT($of) } 个价值中有 { COUNT($values) } 个为负，合计 { FIXED($sum, places: 2) }；总和已包含它们。
money-negative-customers = { COUNT($of) } 位客户中有 { COUNT($customers) } 位的价值为负；总和已包含他们。
money-sampled-futures = { COUNT($customers) } 位客户合计的区间来自其中一部分客户的模拟未来，并推算到全部客户；预期值来自全部客户。
unit-economics-no-cost = { $groups } 的获客成本未知，因此那里没有 CLV:CAC 与 ROI。
unit-economics-no-payback = 预计 { COUNT($months) } 个月内无法回本：{ $groups }。
revenue-forecast = { COUNT($months) } 个月的收入{ $planned ->
    [0] （仅限现有客户）
   *[other] ，含计划新增的 { COUNT($planned) } 位客户，其价值不属于客户资产
    }；区间涵盖随机性与参数的不确定性{ $learned ->
    [yes] ，以及环境的变化
   *[no] ，但不含客户行为的变化
    }。
revenue-backtest = 在 { COUNT($cutoffs) } 个截止日预测收入，新客数量由日志预测：总额偏差 { SIGNED_PERCENT($bias, places: 0) }，{ PERCENT($level) } 区间覆盖 { COUNT($months) } 个月中的 { PERCENT($coverage) }。
revenue-backtest-benchmark = 缩放误差（RMSSE）为 { FIXED($rmsse, places: 2) }，{ $benchmark ->
    [seasonal_naive] 以上年同月为预测
   *[naive] 以最近一个完整月为预测
    }则为 { FIXED($rmsse_benchmark, places: 2) }。
value-concentration = 最好的 { SHORT_PERCENT($top) } 客户贡献了过去利润的 { PERCENT($past_profit) }，占预期价值的 { PERCENT($expected_value) }，并将带来未来实际价值的约 { PERCENT($future_value) }：仅看预期价值会低估集中程度。
value-concentration-negative = 负值（过去有 { COUNT($past) } 位客户，预期有 { COUNT($expected) } 位）使最好客户的占比更大，可能超过 100%。
change-flags-none = 没有分组与预测有明显差异；整张表出现任何误报的概率为 { SHORT_PERCENT($level) }。
change-flags = 剔除共同冲击后，{ COUNT($count) } 个分组与预测有明显差异：{ $groups }。若预测正确，整张表出现任何误报的概率为 { SHORT_PERCENT($level) }。
change-flags-year-none = 没有分组与上年同期的几周有明显差异；整张表出现任何误报的概率为 { SHORT_PERCENT($level) }。
change-flags-year = 剔除共同变化后，{ COUNT($count) } 个分组与上年同期的几周有明显差异：{ $groups }。若分组之间只有偶然差异，整张表出现任何误报的概率为 { SHORT_PERCENT($level) }。
trend-falling = 最近 { COUNT($days) } 天明显下降：{ $names }。
trend-rising = 最近 { COUNT($days) } 天明显上升：{ $names }。
trend-stable = 最近 { COUNT($days) } 天没有明显变化。
kpi-targets-missed = { COUNT($count) } 个目标未达成：{ $names }。
kpi-targets-reached = { $count ->
    [0] 没有可检验的目标。
   *[other] { COUNT($count) } 个目标全部达成。
    }
equity-bridge = 从 { DATE($begin) } 到 { DATE($end) }，客户群价值变化 { SIGNED_PERCENT($change, places: 1) }，其间新增客户 { COUNT($acquired) } 位。
elasticities = { $terms }：流失风险增加 1%，价值变化 { SIGNED_PERCENT($dropout_change, places: 2) }；每单消费或毛利率增加 1%，价值变化 { SIGNED_PERCENT($spend_change, places: 2) }。这些是弹性而非效果：什么能改变驱动因素是另一个问题。
elasticities-served-fixed = 按服务期收取的成本保持不变。
costs-without-customers = { $cost } 表中提到 { $segments }，但没有客户属于它。

# 推荐的预测方法

best-all-orders = 金额：把首单也计入的消费水平{ $taken ->
    [yes] 的客户排序明显优于只看复购订单，予以采用
   *[no] 的客户排序未明显优于只看复购订单，不予采用
    }（泊松偏差的平均改善为 { NUM($gain, digits: 3) }，标准误 { NUM($error, digits: 3) }）。
best-stack = { $quantity ->
    [purchases] 购买次数
   *[money] 金额
    }：堆叠预测{ $taken ->
    [yes] 的客户排序明显优于最佳购买模型，予以采用
   *[no] 的客户排序未明显优于最佳购买模型，不予采用
    }（泊松偏差的平均改善为 { NUM($gain, digits: 3) }，标准误 { NUM($error, digits: 3) }）。
best-trees = { $quantity ->
    [purchases] 购买次数
   *[money] 金额
    }：与提升树取平均{ $taken ->
    [yes] 明显改善了排序，予以采用
   *[no] 未明显改善排序，不予采用
    }（泊松偏差的平均改善为 { NUM($gain, digits: 3) }，标准误 { NUM($error, digits: 3) }）。

total-interval-no-windows = 这份日志没有更早的窗口可供学习，因此区间只依据另外 { COUNT($shops) } 家商店的总量误差。
total-interval-short-windows = { COUNT($days) } 天的早期窗口太短，无法从中学到水平；至少需要两个月。
total-interval-level = 在此前 { FIXED($weeks, places: 0) } 周，总量与预期相差 { SIGNED_PERCENT($ratio) }；其中 { PERCENT($power, places: 0) } 视为会持续，使总量变化 { SIGNED_PERCENT($change) }。
total-interval-not-tested = 未在这一预测期检验：总量误差只掌握到 { COUNT($longest) } 天，因此 { COUNT($days) } 天的区间是模型自身的区间，不含环境变化。
total-interval-other-shops = 总量的区间涵盖环境变化（以另外 { COUNT($shops) } 家商店的总量误差为准），但没有用到这份日志的早期窗口。
total-interval-level-not-tested = 未在这一预测期检验：总量误差只掌握到 { COUNT($longest) } 天，因此 { COUNT($days) } 天总量的区间假定环境变化与 { COUNT($longest) } 天内一样大，可能偏窄。
total-interval-all-processes = 此模型不在与另外 { COUNT($shops) } 家商店实际结果比较过总量的模型之列，因此采用所有这些模型的误差。
total-interval-season = 这一预测期内，季节性对总量的影响约有 { PERCENT($error) } 的误差（一个标准误），区间已包含这一点。

## 检验：比较、总量、交叉核对

compare-none-fitted = 没有模型能拟合这些数据。
compare-alone = 只有 { $title } 一个模型：请与其他模型比较，才能看出它拟合得如何。
compare-dropout-not-visible = 看不出流失：不含流失的 { $title } 拟合得同样好。
compare-dropout-likely = 客户似乎会流失：不含流失的 { $title } 拟合略差（BIC 高 { FIXED($bic_difference, places: 1) }）。
compare-dropout-clear = 客户会流失：不含流失的 { $title } 拟合差得多（BIC 高 { FIXED($bic_difference) }）。
compare-dropout-at-limit = 看不出流失：{ $title } 的拟合停在没有流失的边界上。
compare-timing-random = k = { $k }：购买没有规律，时点随机。
compare-timing-not-visible = 看不出规律性：k = { $k } 并不比 { $title } 拟合得更好。
compare-timing-regular = k = { $k }：购买有规律。
compare-fits-equal = { $titles } 拟合得同样好（BIC 相差不超过 { SHORT($bic_limit) }）。
compare-fit-best = { $title } 拟合最好，其次是 { $next_title }（BIC 高 { FIXED($bic_difference) }）。
compare-fit-at-limit = { $title } 的拟合停在边界上：{ $limits }。
compare-same-model = { $titles } 停在同一边界上{ $nobody_leaves ->
    [yes] ，即无人流失
   *[no] { "" }
    }：在这里它们是同一个模型。
compare-customers-alike = 客户之间几乎没有差别：在 { $title } 中，购买率围绕均值的波动为 { PERCENT($variation) }，因此客户排序意义不大。
compare-cohorts-differ = 较晚获取的客户买得更{ $direction ->
    [fewer] 少
   *[more] 多
    }：在 { SHORT($span, digits: 3) } { UNIT($unit) }内，{ $title } 预期后半段的新客户复购 { FIXED($later, places: 2) } 次，前半段 { FIXED($earlier, places: 2) } 次。两段共用一个模型，对新客户是错的。
backtest-cohorts-drift = 从 { $first } 同期群到 { $last } 同期群，实际购买相对预测{ $direction ->
    [fewer] 下降
   *[more] 上升
    } { SIGNED_PERCENT($change) }：较新的客户买得比所有同期群共用一个模型所预期的更{ $direction ->
    [fewer] 少
   *[more] 多
    }
compare-trade-off = 在 { $title } 中，{ $first } 与 { $second } 此消彼长：不要单独解读其中一个。
compare-total-size = { $direction ->
    [right] 准确
    [low] 低了 { PERCENT($size, places: 1) }
   *[high] 高了 { PERCENT($size, places: 1) }
    }
compare-total = 在检验期，{ $title } 预测的总量{ compare-total-size }。
compare-total-also = { $direction ->
    [unknown] { "" }
   *[other] ；{ $title } 预测的总量{ compare-total-size }
    }
compare-forecast-best = { $title } 对检验期预测最好{ compare-total-also }。
compare-forecasts-equal = { $titles } 对检验期预测得同样好{ compare-total-also }。

totals-interval = 总量的 { PERCENT($level) } 区间{ $inside ->
    [yes] 包含
   *[no] 不包含
    }实际总量。{ $earlier ->
    [0] 当时没有已结束的更早截止日，因此不知道总量误差有多大。
    [1] 当时已结束的唯一一个更早截止日，其区间{ $missed ->
        [0] 包含了总量。
       *[other] 未包含总量。
        }{ totals-calibration }
   *[other] 当时已结束的 { $earlier } 个更早截止日中，有 { $missed } 个的区间未包含总量。{ totals-calibration }
    }
totals-calibration = { $calibrated ->
    [yes] 按这些误差加宽后，区间以 { $earlier } 个截止日校准。
   *[no] 要在 { PERCENT($level) } 水平上校准，至少需要 { $needed } 个：区间未加宽。
    }

backtest-sample = 预测只在最后一个截止日已知的 { COUNT($of) } 位客户中按编号抽取的 { COUNT($customers) } 位上检验：检验中的总量及其区间都是样本的
backtest-log-as-known = 为各截止日当时掌握的日志
backtest-fit-failed = { $title } 无法拟合：{ $error }
backtest-cutoff-left-out = 截止日 { DATE($cutoff) } 未计入：{ $error }
backtest-revenue-left-out = 自 { DATE($cutoff) } 起的收入未作预测：{ $error }
backtest-horizon-not-over = 日志结束时，自 { DATE($cutoff) } 起的{ DURATION($horizon) }尚未结束
backtest-horizon-long = 在 { DATE($cutoff) }，日志只回溯 { SHORT($length) } { UNIT($unit) }，而预测要到{ $horizons }之后：比模型拟合所用的任何时长都远

spend-no-mean = q 为 { FIXED($q, places: 2) }：客单价在客户间没有有限的均值，因此新客户没有预期价值。
spend-no-variance = q 为 { FIXED($q, places: 2) }：客单价在客户间没有有限的方差，因此少数客户可能决定总量。

goodness-agrees = 客户的购买次数与 { $title } 相符：卡方 { FIXED($statistic, places: 2) }，自由度 { COUNT($degrees_of_freedom) }，{ P_VALUE($p_value) }。
goodness-differs = 客户的购买次数与 { $title } 的预期相差超出随机波动：卡方 { FIXED($statistic, places: 2) }，自由度 { COUNT($degrees_of_freedom) }，{ P_VALUE($p_value) }。
goodness-no-test = 客户的分组太少，无法对 { $title } 做卡方检验。
goodness-statistic-differs = { $statistic ->
    [share_without_repeat] 没有复购的客户占比
    [variance] 复购次数的方差
    [share_of_top_5_percent] 购买最频繁的 5% 客户所占的复购份额
   *[mean_recency] 有复购的客户的平均近度
    }为 { NUM($observed, digits: 3) }，而由模型模拟的历史中有 90% 落在 { NUM($lower, digits: 3) } 至 { NUM($upper, digits: 3) }。

lrt-statistic = 两倍对数似然上升 { FIXED($statistic, places: 2) }
lrt-significant = { lrt-statistic }，多用 { lrt-parameters }，超出随机波动（{ P_VALUE($p_value) }）。
lrt-not-significant = { lrt-statistic }，多用 { lrt-parameters }，可能只是随机波动（{ P_VALUE($p_value) }）。
lrt-parameters = { $degrees_of_freedom } 个参数
lrt-remedy = 请改比 BIC，或用模拟：按较小的拟合生成数据，对其拟合两个模型，统计该量有多少次同样大。
lrt-no-dropout = { lrt-statistic }，但没有 p 值：{ $small_title } 是平均流失为 0、位于取值范围边缘的 { $large_title }，此时流失的差异没有意义：卡方分布及其混合都不成立（Davies 1987）。{ lrt-remedy }
lrt-no-aging = { lrt-statistic }，但没有 p 值：{ $small_title } 是 b 趋于 0、即取值范围边缘时的 { $large_title }：卡方分布会给出过大的 p 值（Self & Liang 1987）。{ lrt-remedy }
lrt-whole-k = { lrt-statistic }，但没有 p 值：{ $small_title } 与 { $large_title } 只差 k 为 1，而 k 是整数：卡方分布不成立。{ lrt-remedy }
lrt-boundary = { lrt-statistic }，但没有 p 值：{ $title } 停在边界上（{ $limits }），卡方分布在那里不成立。{ lrt-remedy }

crosscheck-failed = { $title }：lifetimes{ $version ->
    [none] { "" }
   *[other] { " " }{ $version }
    } 自身失败（{ $errors }）；
crosscheck-agrees = { $title }：与 lifetimes { $version } 一致：
crosscheck-differs = { $title }：与 lifetimes { $version } 不一致：
crosscheck-not-compared = 没有可比较之处
crosscheck-compared = 在我们的参数下，它在 { $quantities } 上一致
crosscheck-agreement = 它自己的搜索止于对数似然 { FIXED($theirs, places: 3) }，我们的以同一函数计为 { FIXED($ours, places: 3) }，参数相对差异至多 { NUM($parameters, digits: 1) }{ $sampled ->
    [yes] （在 { COUNT($customers) } 位客户的样本上，抽样足以解释）
   *[no] { "" }
    }；在相同参数下，任何客户的对数似然相差不超过 { NUM($likelihood, digits: 1) }，{ COUNT($predicted) } 位客户的任何预测相对相差不超过 { NUM($prediction, digits: 1) }
crosscheck-likelihood-differs = 在{ $parameters_of ->
    [ours] 我们的
   *[lifetimes] lifetimes 的
    }参数下，{ COUNT($customers) } 位客户的对数似然不同{ $not_finite ->
    [0] { "" }
   *[other] ，其中 lifetimes 的值对 { COUNT($not_finite) } 位不是有限数（从 { $statistic } { SHORT($not_finite_from, digits: 6) } 起）
    }{ crosscheck-decision }
crosscheck-prediction-differs = 在我们的参数下，{ $of } 位客户中有 { $customers } 位的 { $quantity } 不同{ $not_finite ->
    [0] { "" }
   *[other] ，其中 lifetimes 的值对 { $not_finite } 位缺失或无穷
    }{ crosscheck-decision }
crosscheck-method = 按模型定义、对客户差异作数值平均，
crosscheck-decision = （最大差异见 { $history }：我们 { NUM($ours, digits: 8) }，lifetimes { NUM($lifetimes, digits: 8) }）{ $right ->
    [ours] ，我们的正确：{ crosscheck-method }得 { NUM($third, digits: 8) }
    [lifetimes] ，lifetimes 的正确：{ crosscheck-method }得 { NUM($third, digits: 8) }
   *[undecided] { $computable ->
        [yes] ；{ crosscheck-method }无法分出对错：得 { NUM($third, digits: 8) }
       *[no] ；{ crosscheck-method }在此无法计算，分不出对错
        }
    }
crosscheck-better = 更好，{ $finite ->
    [yes] 按它自己的似然好 { SHORT($theirs, digits: 4) }，按我们的好 { SHORT($ours, digits: 4) }
   *[no] 按我们的似然好 { SHORT($ours, digits: 4) }；它自己的在那里不是有限数
    }
crosscheck-search-stopped-early = 我们的参数{ crosscheck-better }，可见它的搜索过早停止，我们的正确
crosscheck-not-a-maximum = 它的参数{ crosscheck-better }，可见 lifetimes 正确，而此模型对这些客户不是极大值
crosscheck-not-a-maximum-expected = 它的参数{ crosscheck-better }，这是可能的，因为此模型{ $reasons }
crosscheck-likelihoods-disagree = 从我们的参数到它的参数，对数似然按我们的函数变化 { SHORT($ours, digits: 4) }，按它的变化 { SHORT($theirs, digits: 4) }
crosscheck-other-customers = 是对另外的客户、或在另一天拟合的
crosscheck-prior = 是带先验拟合的，而 lifetimes 没有先验
crosscheck-probability-alive = P(alive)
crosscheck-expected-purchases = 预期购买次数
crosscheck-expected-spend = 预期消费
crosscheck-log-likelihood = 对数似然

## 报告：首屏

glance-title = { $kind ->
    [money] { $has_name ->
        [yes] { $name } 的客户值多少
       *[no] 这些客户值多少
        }
   *[purchases] { $has_name ->
        [yes] { $name } 的客户会购买多少次
       *[no] 这些客户会购买多少次
        }
    }
glance-about = { $tested ->
    [yes] 上次检验日已有{ " " }
   *[no] { "" }
    }{ COUNT($customers) } 位客户 · 订单 { DATE($start) } 至 { DATE($end) }
glance-money = { $amount } { CURRENCY($currency) }
glance-value = { $has_horizon ->
    [yes] 这些客户未来{ DURATION($horizon) }的
   *[no] { $lifetime ->
        [yes] 这些客户未来全部订单的
       *[no] 这些客户的
        }
    }{ $revenue ->
    [yes] 预期收入
   *[no] 价值
    }
glance-half = 其中一半来自 { COUNT($customers) } 位客户（{ PERCENT($share, places: 1) }）。
glance-newcomers-excluded = 未来的新客户不计在内。
glance-margin = 这是毛利：按预期消费的 { PERCENT($margin) } 计算。
glance-interval = { PERCENT($level) } 区间
glance-untested-interval = { $chosen ->
    [model] 此区间只涵盖随机性与参数的不确定性，不涵盖客户行为的变化。
   *[history] 没有商店能说明这么远的总量会差多少：此区间只涵盖随机性与参数的不确定性。
    }
glance-recent-level = 最近，客户的购买{ $more ->
    [yes] 多于
   *[no] 少于
    }本预测。若这种差距像通常那样延续，这些客户将带来 { $amount }，而不是上面的数。
glance-recent-purchases = 最近，客户的购买{ $more ->
    [yes] 多于
   *[no] 少于
    }本预测。若这种差距像通常那样延续，这些客户将购买 { $purchases } 次，而不是上面的数。
glance-outlook = 这些客户未来{ DURATION($horizon) }的预期购买次数
glance-purchases = { DATE($cutoff) } 之后{ DURATION($horizon) }的预期购买次数
glance-purchases-actual = 客户实际购买 { COUNT($actual) } 次。
glance-active = 仍活跃
glance-active-note = 按购买模型 { $title }，{ COUNT($customers) } 位客户中预计有 { COUNT($active) } 位还会再次购买。
glance-customer = 平均每位客户
glance-customer-note = 一半客户的价值低于 { $median }。
glance-newcomer = { $revenue ->
    [yes] 一位新客户带来的收入
   *[no] 一位新客户的价值
    }
glance-newcomer-note = { $revenue ->
    [yes] 自首单起{ DURATION($horizon) }（含首单）为 { $lower } 至 { $upper }；其中的毛利就是获客成本的上限。
   *[no] 自首单起{ DURATION($horizon) }的毛利（含首单），区间 { $lower } 至 { $upper }；获得一位新客户的花费应低于此数。
    }
glance-change = 自 { DATE($begin) } 以来的变化
glance-change-note = { $direction ->
    [worse] 原有客户的表现低于预期
   *[better] 原有客户的表现高于预期
    }：{ $experience }；新客户：{ $acquired }；已实现的订单与时间推移（符合预期）：{ $as_expected }；新估计与新条件：{ $other }。
glance-change-revised = 当时的报告为 { $stated }：此后日志或报告所用的模型有变。
report-change = { DATE($begin) } 至 { DATE($end) }，客户价值由 { COUNT($opening) } 变为 { COUNT($closing) }：原有客户的表现偏离预期带来 { COUNT($experience) }，新客户带来 { COUNT($acquired) }。

status-level = 总量：{ $grade ->
    [good] 良好
    [fair] 尚可
    [poor] 不佳
   *[none] 未检验
    }
grade-level = 总量。良好：每个检验日与实际相差不超过 { PERCENT($good) }。尚可：不超过 { PERCENT($fair) }，或虽良好但检验期短于上述总量所涵盖的时间。
status-level-evidence = { $cutoffs ->
    [1] 检验日
   *[other] { COUNT($cutoffs) } 个检验日
    }的{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量预测{ $direction ->
    [mixed] 在偏低 { PERCENT($least) } 至偏高 { PERCENT($most) } 之间。
   *[other] { $direction ->
        [high] 偏高
       *[low] 偏低
        } { $cutoffs ->
        [1] { PERCENT($most) }
       *[other] { PERCENT($least) } 至 { PERCENT($most) }
        }。
    }{ $further ->
    [yes] { $capped ->
        [yes] 误差本身算良好，但
       *[no] {""}
        }总量涵盖{ $horizon ->
        [lifetime] 未来全部订单
       *[other] { DURATION($horizon) }
        }，检验只涵盖{ DURATION($tested) }{ $capped ->
        [yes] ，所以只评尚可。
       *[no] 。
        }
   *[no] {""}
    }{ $sampled ->
    [yes] 检验用的是 { COUNT($sample) } 位客户的样本。
   *[no] {""}
    }
status-level-untested = 检验日之后没有任何购买，因此无法评判总量。
status-ranking = 排序：{ $grade ->
    [good] 良好
    [fair] 尚可
    [poor] 不佳
   *[none] 未检验
    }
grade-ranking = 排序，按最近检验日购买次数与金额的归一化基尼系数中较低者。良好：不低于 0.6。尚可：不低于 0.3。
status-ranking-evidence = 排名前 10% 的客户贡献了后来{ $quantity ->
    [money] 收入
   *[purchases] 购买次数
    }的 { PERCENT($captured) }；随机抽取的 10% 只贡献 10%。
status-ranking-untested = 检验日之后所有客户表现相同，没有可排的顺序。
status-data = 数据：{ $grade ->
    [good] 良好
    [fair] 尚可
   *[poor] 不佳
    }
grade-data = 数据。良好：对数据与模型没有任何提示。尚可：有提示。不佳：至少有一个问题。
status-data-evidence = { $problems ->
    [0] { $cautions ->
        [0] 未发现这些数据有问题。
       *[other] 对数据或模型有 { COUNT($cautions) } 条提示。
        }
   *[other] 数据或模型有 { COUNT($problems) } 个问题。
    }
report-cutoffs = 已完成 { COUNT($done) } / { COUNT($of) } 个截止日
report-step = { $step ->
    [profile] 查看日志画像
    [backtest] 从各截止日预测，并与实际比较
    [value] 按日志最后一天估算每位客户的价值
    [decisions] 正在划分客户等级与名单
   *[page] 生成页面
    }
next-step-deploy = 定期给客户打分：用“clv init”写出任务文件，再用{ $forecaster ->
    [best] “clv fit --forecaster best”拟合，它从日志的早期时段学习总量与排序
   *[process] “clv fit --model { $model }”拟合，写出的就是本页的模型
    }。
next-step-test = 按名单行动之前，随机留出一部分客户不做触达。只有二者的差别才说明行动是否划算。
next-step-repeat = 等接下来的{ DURATION($horizon) }过去后再做一次报告：多一个检验日，就能看出预测是否仍然成立。
tier-size = { COUNT($customers) }（{ PERCENT($share, places: 0) }）
list-label = { $list ->
    [key-accounts] 大客户
    [at-risk] 流失预警
    [win-back] 待挽回
   *[second-purchase] 仅购买一次
    }
list-key-accounts = { $customers ->
    [0] 没有客户达到过去一年消费总额的 1%。
   *[other] { COUNT($customers) } 位客户各占过去一年消费总额的 1% 以上，合计价值 { $money }（占全部的 { PERCENT($share, places: 1) }）。
    }
list-at-risk = { $customers ->
    [0] { COUNT($candidates) } 位活跃复购客户中没有。
   *[other] { $every ->
        [yes] 全部 { COUNT($customers) } 位活跃复购客户：若其中一些人如预期流失，合计损失 { $money }。
       *[no] { COUNT($candidates) } 位活跃复购客户中损失最大的 { COUNT($customers) } 位：若其中一些人如预期流失，合计损失 { $money }。
        }
    }
list-win-back = { $customers ->
    [0] { COUNT($candidates) } 位很可能已流失的复购客户中没有。
   *[other] { $every ->
        [yes] 很可能已流失的全部 { COUNT($customers) } 位复购客户：若重新活跃，将多带来 { $money }。
       *[no] { COUNT($candidates) } 位很可能已流失的复购客户中的 { COUNT($customers) } 位：若重新活跃，将多带来 { $money }。
        }
    }
list-second-purchase = { $customers ->
    [0] { COUNT($candidates) } 位只下过一单的客户中，没有谁近期很可能再次下单。
   *[other] { $every ->
        [yes] 只下过一单的全部 { COUNT($customers) } 位客户：预计带来 { $money }。
       *[no] { COUNT($candidates) } 位只下过一单的客户中最有潜力的 { COUNT($customers) } 位：预计带来 { $money }。
        }
    }
purchases-at-stake = { $number } 次购买{ $one ->
   *[other] { "" }
    }
new-customer-cost = { $revenue ->
    [yes] 一位新客户在前{ DURATION($horizon) }（含首单）带来收入 { $value }（{ $lower } 至 { $upper }；{ COUNT($customers) } 位客户的平均）。乘以毛利率，即为获客成本的上限。
   *[no] 获得一位新客户最多花 { $value }（{ $lower } 至 { $upper }）：这是前{ DURATION($horizon) }（含首单）的毛利，为 { COUNT($customers) } 位客户的平均。
    }
now-forecast = 用哪个预测
now-forecast-page = { $both ->
    [yes] 做预算和给客户排序都用{ $page }，本页的数字由它得出。
   *[no] 做预算用{ $page }，本页的数字由它得出。
    }
now-forecast-budget = 做未来{ DURATION($horizon) }的预算用{ $total }{ $has_amount ->
    [yes] ：预计{ $quantity ->
        [money] 消费 { $amount }
       *[purchases] 购买 { $amount } 次
        }，本页的模型则预计 { $of_page }。
   *[no] 。
    }
now-forecast-ranking = 给客户排序用{ $ranking }。
now-forecast-others = { $by_it ->
    [yes] 给客户排序用{ $page }，本页的其他数字也由它得出。
   *[no] { $same ->
        [yes] 给客户排序也用它。
       *[no] {""}
        }本页的其他数字由{ $page }得出。
    }
forecast-named = “{ $title }”{ $has_gloss ->
    [yes] （{ $gloss }）
   *[no] {""}
    }
forecast-gloss = { $name ->
    [nobody] 谁都不再购买
    [own_rate] 客户按自己过去的频率继续购买
    [past_spend] 客户按过去的消费继续，整体按比例缩放
    [population_mean] 每位客户都按全体平均计算
    [last_period] 客户重复上一个同样长的时期
    [hiatus] 沉寂太久的客户视为流失，其余照旧
    [seasonal_naive] 客户重复去年同期
    [boosted_trees] 从您的数据较早时期学习的机器学习
    [blend] 统计模型与机器学习的平均
    [blend_process_total] 统计模型与机器学习的平均，总量取自统计模型
    [blend_learned_total] 统计模型与机器学习的平均，总量从较早时期学得
   *[best] 从您的数据较早的时期学习，各种方法各该采信多少
    }
forecast-gloss-alike = 同一类模型
forecast-gloss-process = 一种统计模型，描述客户多久买一次{ $leaves ->
    [yes] 、何时流失
   *[no] {""}
    }{ $spends ->
    [yes] 、每次花多少
   *[no] {""}
    }
budget-forecast = 未来{ DURATION($horizon) }，“{ $title }”预计{ $quantity ->
    [money] 消费 { COUNT($expected) }
   *[purchases] 购买 { COUNT($expected) } 次
    }，“{ $page }”预计 { COUNT($of_page) }。“{ $title }”的总量在{ $cutoffs ->
    [1] 检验日的误差为 { SIGNED_PERCENT($lowest) }。
   *[other] { " " }{ COUNT($cutoffs) } 个检验日的误差为 { SIGNED_PERCENT($lowest) } 至 { SIGNED_PERCENT($highest) }。
    }
now-whom = 重点照顾谁
now-whom-text = 排名最前的 { COUNT($customers) } 位客户（A 级）占{ $kind ->
    [value] 价值
    [revenue] 收入
   *[purchases] 预期购买次数
    }的 { PERCENT($share, places: 0) }。{ $has_list ->
    [yes] 活跃复购客户中，流失预警名单上有 { COUNT($at_risk) } 位：若其中一些人如预期流失，合计损失 { $money }。
   *[no] {""}
    }
now-next = 下一步
now-next-text = { $has_range ->
    [yes] { $by_budget ->
        [yes] 未来{ DURATION($horizon) }按上述预算用的预测安排，更长的时间按整个区间留出余地。
       *[no] 以区间下限作为{ $kind ->
            [value] 价值
            [revenue] 收入
           *[purchases] 购买次数
            }的稳妥估计。
        }
   *[no] 预算按过去总量的误差留出余地。
    }{ $has_list ->
    [yes] 流失预警名单随机抽一半联系，另一半不联系：比较这两半，才知道联系是否有用。
   *[no] {""}
    }等接下来的{ DURATION($horizon) }过去后再做一次报告。
short-table = 与更简单的预测相比：{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }，{ $cutoffs ->
    [1] 检验日
   *[other] { COUNT($cutoffs) } 个检验日的平均
    }
short-table-forecaster = 预测方法
short-table-bias = 总量误差
short-table-size = 总量误差（不计方向）
short-table-rmse = 每客户误差
short-table-gini = 排序（1 为完美）

value-basis = 由 { $model } 与 { $spend } 对截至 { DATE($end) } 的全部日志拟合：{ $terms }。{ $has_interval ->
    [yes] 总量的 { PERCENT($level, places: 0) } 区间为 { COUNT($lower) } 至 { COUNT($upper) }：涵盖随机性与参数的不确定性{ $tested ->
        [yes] ，以及客户行为的变化（幅度以本日志与其他商店出现过的为准）。
       *[no] ，但不含客户行为的变化{ $chosen ->
            [model] 。
           *[history] ：没有商店能说明这么远的总量会差多少。
            }
        }
   *[no] {""}
    }

## 报告：结论、提示与名称

verdict-question-use = 适合用来做什么
verdict-question-totals = 总量
verdict-question-ranking = 排序
verdict-question-intervals = 区间
verdict-question-benchmarks = 基准
verdict-question-limits = 不适用于

verdict-evidence-use = 全部预测方法的比较
verdict-evidence-totals = 各时段的总量
verdict-evidence-ranking = 增益与提升
verdict-evidence-intervals = 区间的覆盖率
verdict-evidence-benchmarks = 全部预测方法的比较
verdict-evidence-limits = 用途与局限

# 用途

verdict-use = { $ranking ->
    [good] 可以用它给客户排序
    [fair] 可以谨慎地用它给客户排序
    [poor] 不要用它给客户排序
   *[none] 没有可评判的客户排序
    }；总量{ $totals ->
    [0] { "" }
   *[other] { "" }
    }{ $direction ->
    [low] 最多低了 { PERCENT($error, places: 1) }
    [high] 最多高了 { PERCENT($error, places: 1) }
    [exact] 误差在 0.1% 以内
    [either] 最多相差 { PERCENT($error, places: 1) }
   *[none] 无法核对
    }
verdict-use-unknown = 证据不足，说不出它适合做什么。
verdict-budget = { $quantity ->
    [money] 金额请按预测
   *[purchases] 为这些客户做未来{ DURATION($horizon) }的预算时，购买次数请按预测
    }{ $direction ->
    [more] 上浮 { PERCENT($more, places: 1) } 
    [fewer] 下浮 { PERCENT($fewer, places: 1) } 
    [either] 下浮 { PERCENT($fewer, places: 1) } 至上浮 { PERCENT($more, places: 1) } 
   *[exact] 原值
    }{ $direction ->
    [exact] 编列。
   *[other] { " " }留出余地。
    }
verdict-budget-basis = { $cutoffs ->
    [1] 这是 { $title } 在唯一一个检验过的截止日的误差；更长的预测期未经检验。
   *[other] 这涵盖 { $title } 在全部 { COUNT($cutoffs) } 个检验过的截止日的误差；更长的预测期未经检验。
    }
verdict-recommend = { $quantity ->
    [all] { "" }
    [money] 金额的
   *[purchases] 购买次数的
    }{ $metric ->
    [bias] 总量
   *[gini] 排序
    }请改用“{ $title }”：它明显更好。
verdict-no-better = { $quantity ->
    [all] { "" }
    [money] 金额的
   *[purchases] 购买次数的
    }{ $metric ->
    [both] 总量与排序
    [bias] 总量
   *[gini] 排序
    }：没有其他预测方法明显更好。

verdict-visible = “明显更好”是指在每个截止日都更好，平均至少好 1%，且超出随机波动。

# 总量

verdict-totals = { $outcome ->
    [close] 总量接近实际
    [low] 总量偏低
    [high] 总量偏高
    [sometimes-low] 总量有时偏低
    [sometimes-high] 总量有时偏高
    [either] 总量有时偏高，有时偏低
   *[none] 总量无法核对
    }
verdict-total = { $quantity ->
    [money] 金额总量
   *[purchases] { DATE($cutoff) } 之后的{ DURATION($horizon) }，购买总次数
    }{ $direction ->
    [low] 低了 { PERCENT($error, places: 1) }
    [high] 高了 { PERCENT($error, places: 1) }
   *[exact] 误差在 0.1% 以内
    }：预测 { NUM($predicted, digits: 4) }，实际 { NUM($actual, digits: 4) }。
verdict-total-undefined = { $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }的总量无法核对，因为检验期内没有发生。
verdict-nothing-happened = 检验期内没有购买，因此总量无法核对。
verdict-total-range = 在全部 { COUNT($cutoffs) } 个截止日，{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量{ $direction ->
    [low] { $constant ->
        [yes] 低了 { PERCENT($largest, places: 1) }
       *[no] 低了 { PERCENT($smallest, places: 1) } 至 { PERCENT($largest, places: 1) }
        }
    [high] { $constant ->
        [yes] 高了 { PERCENT($largest, places: 1) }
       *[no] 高了 { PERCENT($smallest, places: 1) } 至 { PERCENT($largest, places: 1) }
        }
    [either] 从低了 { PERCENT($lowest, places: 1) } 到高了 { PERCENT($highest, places: 1) }
   *[exact] 误差在 0.1% 以内
    }。
verdict-value = { $has_horizon ->
    [yes] 客户未来{ DURATION($horizon) }的价值
   *[no] 客户的终身价值
    }合计 { NUM($total, digits: 4) }；预计误差与此相当。

# 排序

verdict-ranking = { $outcome ->
    [good] 客户排序良好
    [fair] 客户排序尚可
    [poor] 几乎不能给客户排序
   *[none] 没有可排的顺序
    }
verdict-top-decile = { $quantity ->
    [money] 按金额排名前 10% 的客户贡献了金额的 { PERCENT($captured) }
   *[purchases] 排名前 10% 的客户贡献了购买次数的 { PERCENT($captured) }
    }{ $best_known ->
    [yes] ；事后最佳的 10% 贡献了 { PERCENT($best) }。
   *[no] 。
    }
verdict-top-decile-random = 随机抽取的 10% 客户只会贡献 10%。
verdict-nothing-to-rank = 检验期内所有客户表现相同，没有可排的顺序。

# 区间

verdict-intervals = { $outcome ->
    [wide-enough] 区间足够宽
    [customers-only] 区间对客户足够宽，对总量不够
    [total-only] 区间对客户太窄
    [too-narrow] 区间太窄
   *[none] 没有区间
    }
verdict-no-intervals = 这一预测没有区间，因此不知道它的不确定性。
verdict-coverage = 单个客户的 { PERCENT($level) } 区间有 { PERCENT($coverage) } 包含了实际购买次数{ $side ->
    [low] ，比例偏低。
    [high] ，偏于保守。
   *[right] 。
    }
verdict-total-interval = { $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量的区间 { NUM($lower, digits: 4) } 至 { NUM($upper, digits: 4) } { $inside ->
    [yes] 包含了
   *[no] 未包含
    }实际的 { NUM($actual, digits: 4) }。
verdict-total-intervals = { $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量的区间在 { COUNT($cutoffs) } 个截止日中有 { COUNT($inside) } 个包含了实际总量。
verdict-interval-widened = 按 { COUNT($earlier) } 个更早截止日的误差加宽后，购买总次数的区间为 { NUM($lower, digits: 4) } 至 { NUM($upper, digits: 4) }。
verdict-interval-unreliable = 不要引用总量的区间：它涵盖随机性，但不涵盖环境变化。请改为引用总量的误差。过去的预测太少，说不出区间应加宽多少。
verdict-interval-missed = 总量的区间已计入环境变化（幅度以早期总量的误差为准），仍未包含实际值。不要只看区间的两端：做计划时也要考虑总量的误差。
verdict-interval-of-process = 以上是购买模型自身的区间，涵盖随机性，但不涵盖环境变化。请改为引用本页顶部的价值区间：它还涵盖过去总量的误差。

# 基准

verdict-benchmarks = { $quantity ->
    [purchases] 购买次数：
    [money] 金额：
   *[all] { "" }
    }{ $kind ->
    [rule] 有一条简单规则
    [learned] 机器学习
   *[process] 另一个购买模型
    }在{ $metrics ->
    [gini] 排序
    [rmse] 每客户误差
    [bias] 总量
    [gini-rmse] 排序与每客户误差
    [gini-bias] 排序与总量
    [rmse-bias] 每客户误差与总量
   *[gini-rmse-bias] 排序、每客户误差与总量
    }上明显更好
verdict-not-beaten = 没有其他预测方法明显更好
verdict-nothing-to-compare = 没有可比较的对象
verdict-no-benchmark = 没有其他预测方法可供比较。
verdict-no-rule-better = 没有简单规则在总量、排序或每客户误差上明显更好。
verdict-better-bias = { $kind ->
    [rule] 简单规则“{ $title }”
   *[other] “{ $title }”
    }更接近{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量：相差 { PERCENT($value, places: 1) }，而不是 { PERCENT($reference_value, places: 1) }。
verdict-better-gini = { $kind ->
    [rule] 简单规则“{ $title }”
   *[other] “{ $title }”
    }按{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }给客户排序更好：达到完美排序的 { PERCENT($value, places: 1) }，而不是 { PERCENT($reference_value, places: 1) }{ $top ->
    [same] ；排名前 10% 的贡献相同，为 { PERCENT($top_value) }。
    [different] ；排名前 10% 贡献 { PERCENT($top_value) }，而不是 { PERCENT($top_reference) }。
   *[none] 。
    }
verdict-better-rmse = { $kind ->
    [rule] 简单规则“{ $title }”
   *[other] “{ $title }”
    }的每客户{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }误差更小：通常为 { NUM($value, digits: 3) }，而不是 { NUM($reference_value, digits: 3) }。
verdict-means = 以上为 { COUNT($cutoffs) } 个截止日的平均；每个差别都大于其波动，且在所有截止日方向相同。

# 局限

verdict-limits = 活动效果、单个客户、总需求
verdict-limit-campaigns = 不要用它来挑选会被电话或活动打动的客户：它显示的是谁本来就可能购买。
verdict-limit-customer = 不要对单个客户作任何承诺：预测通常相差 { NUM($rmse, digits: 2) } 次购买，而客户平均购买 { NUM($mean, digits: 2) } 次。
verdict-limit-new-customers = 不要用它规划总需求：检验期内新客户贡献了{ $share_size ->
    [tiny] 不到 1%
   *[other] { " " }{ PERCENT($share) }
    } 的购买，而任何预测都不包含他们。
verdict-limit-no-new-customers = 不要用它规划总需求：任何预测都不包含新客户。
verdict-limit-season = 不要用它规划单独的某一周：它{ $known ->
    [yes] 考虑了季节，但不了解将来的促销
   *[no] 不了解季节与促销
    }。
season-months = { MONTH($first) }至{ MONTH($last) }
season-ahead = 季节：未来三个月（{ season-months }）的购买通常与平均月份相差 { SIGNED_PERCENT($change) }。{ $known ->
    [yes] 本预测已考虑季节。
   *[no] 本预测不了解季节：请据此在各月之间调整预算。
    }
season-not-seen = 季节：未来三个月（{ season-months }）从未出现在本日志中，因此季节对它们有何影响是未知的。
season-not-visible-yet = 季节：日志只有 { COUNT($months) } 个整月，而从 { COUNT($needed) } 个月起才能把季节与趋势分开。请把未来三个月（{ season-months }）与上一年同期比较。
season-few-purchases = 季节：复购太少，无法比较各月，因此{ season-months }会怎样是未知的。
season-none = 季节：在 { COUNT($months) } 个月中看不到季节性，因此{ season-months }应与其他月份无异。
verdict-mae = 平均绝对误差（MAE）只列出，不用于结论：它对每位客户的中位数预测最小，因此在多数客户什么都不买时，它奖励“预测为零”。
verdict-mae-example = 这里对每位客户都预测“零”的 MAE 为 { NUM($zero, digits: 3) }，{ $title } 为 { NUM($mae, digits: 3) }。

# 报告各节

verdict-worst-group = 误差最大的是{ $by ->
    [frequency] 频次 { $group }
    [recency] 近度 { $group }
   *[decile] 第 { $group } 十分位组
    }，{ $direction ->
    [low] 偏低
   *[high] 偏高
    }
verdict-worst-decile = { $title } 的预测相差最大的是{ $position ->
    [highest] 预测最高的客户（第 1 十分位组）
    [lowest] 预测最低的客户（第 10 十分位组）
   *[between] 预测的第 { $decile } 十分位组
    }：每客户预测购买 { FIXED($expected, places: 2) } 次，实际 { FIXED($actual, places: 2) } 次。
verdict-widened = 在最后一个截止日，区间按届时已结束的 { COUNT($earlier) } 个截止日的误差加宽。
verdict-not-widened = 没有区间按早期误差加宽：这需要到最后一个截止日为止检验期已结束的 { COUNT($needed) } 个截止日，而实际有 { COUNT($earlier) } 个。
verdict-fit = 各模型在最后一个截止日对客户的了解。
verdict-fit-range = { $has_interval ->
    [yes] { FIXED($estimate, $places) }（{ FIXED($lower, $places) } 至 { FIXED($upper, $places) }）
   *[no] { NUM($estimate, digits: 3) }
    }
verdict-fit-share = { $has_interval ->
    [yes] { PERCENT($estimate, $places) }（{ PERCENT($lower, $places) } 至 { PERCENT($upper, $places) }）
   *[no] { PERCENT($estimate, $places) }
    }
verdict-fit-time-between = 按 { $title }，购买率为平均水平的活跃客户每 { verdict-fit-range } { UNIT($unit) }购买一次：{ $alike ->
    [yes] 客户之间几乎没有差别
   *[no] 多数客户买得更少，少数客户多得多
    }。
verdict-fit-probability = 按 { $title }，活跃客户在 { verdict-fit-share } 的购买机会上购买。
verdict-fit-no-dropout = 这些数据看不出流失：按 { $title }，所有客户仍然活跃，P(alive) 不能区分客户。
verdict-fit-same-model = { $titles } 都停在这一边界上：在这里它们是同一个模型。
verdict-fit-dropout-not-visible = 无人流失的 NBD 模型对数据的描述与 { $title } 一样好（BIC 相差不超过 { SHORT($bic_limit) }）：这些数据看不出客户是否流失。
verdict-fit-gone = { $title } 估计，截止日的已知客户中有 { verdict-fit-share } 已经流失，不会再来。
verdict-fit-one-time-buyers-stay = 在 { $title } 中，只买过一次的客户不可能已流失，因此它不能说明流失了多少客户{ $has_other ->
    [yes] 。
   *[no] ：MBG/NBD 与 Pareto/NBD 可以。
    }
verdict-fit-disagreement = 各模型对此看法不一，从 { PERCENT($low) }（{ $low_title }）到 { PERCENT($high) }（{ $high_title }）：这取决于各模型允许客户在何时流失，而能核对的只有此后的购买。
verdict-fit-dropout-probability = 平均而言，新客户每次购买后流失的概率为 { verdict-fit-share }。
verdict-fit-lifetime = 一半的新客户在 { verdict-fit-range } { UNIT($unit) }内停止购买。
verdict-fit-converged = 以下拟合全部收敛：估计值附近没有更能描述数据的参数。
verdict-failure-total = 在最后一个截止日，{ $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量的误差为 { SIGNED_PERCENT($bias, places: 1) }。
verdict-failure-interval = { $quantity ->
    [money] 金额
   *[purchases] 购买次数
    }总量的区间{ $cutoffs ->
    [1] 未包含实际总量。
   *[other] 在 { COUNT($cutoffs) } 个截止日中有 { COUNT($missed) } 个未包含实际总量。
    }
verdict-no-failures = 未发现失败之处。
verdict-past-errors = { $cutoffs ->
    [1] 在过去的截止日，{ $title } 对未来{ DURATION($horizon) }的金额总量预测误差为 { SIGNED_PERCENT($lowest, places: 1) }。
   *[other] 在过去 { COUNT($cutoffs) } 个截止日，{ $title } 对未来{ DURATION($horizon) }的金额总量预测误差为 { SIGNED_PERCENT($lowest, places: 1) } 至 { SIGNED_PERCENT($highest, places: 1) }。
    }
verdict-past-errors-unknown = 未知：没有金额总量与实际比较过。
verdict-cautions = 对数据或拟合有 { COUNT($cautions) } 条发现需要留意。
verdict-caution-older-customers = 许多客户是在日志开始之前获取的，但所有模型都把他们当作新客户。
verdict-caution-fit = 拟合以“{ $status ->
    [converged] 收敛
   *[boundary] 停在边界
    }”状态结束。

## 打分：关卡、监控、登记

gate-reference = { $reference ->
    [run] 截至 { DATE($reference_as_of) } 的运行
    [champion] 在用模型的拟合
   *[fit] 拟合时
    }
gate-fit-status = { $process } 的拟合结束状态为 { $status }{ $definite ->
    [yes] { "" }
   *[no] ，且似然在那里平坦或上升
    }{ $passed ->
    [yes] { "" }
   *[no] ；允许的状态：{ $allowed }
    }
gate-parameters = { $process }：{ $parameter } 为 { NUM($new, digits: 4) }，在用模型为 { NUM($before, digits: 4) }，相差 { FIXED($standard_errors, places: 1) } 个标准误；{ $passed ->
    [yes] 没有参数的变动超过
   *[no] 参数的变动不得同时超过
    } { SHORT($limit_errors) } 个标准误（parameter_errors）与 { PERCENT($limit_change, places: 0) }（parameter_change）。
gate-parameters-other-process = { $process } 未作比较：在用模型属于另一类。
gate-parameters-other-terms = { $process } 未作比较：其协变量或分组与在用模型不同。
gate-parameters-other-clock = { $process } 未作比较：它以 { $clock } 计时，在用模型以 { $champion_clock } 计时。
gate-order = 本次截至 { DATE($as_of) } 的运行会替换{ $where ->
    [sink] { $sink } 中
   *[manifest] 已发布的
    }截至 { DATE($newest) } 的运行：较早的一天绝不替换较新的一天。
gate-rows-earlier-day = 未比较：{ gate-reference }的数据更新，到 { DATE($reference_as_of) }。
gate-refused = { COUNT($customers) } 位客户中有 { COUNT($refused) } 位（{ PERCENT($share, places: 2) }）无法打分（refused 上限 { PERCENT($limit, places: 2) }）。
gate-bought-once = { COUNT($customers) } 位客户共有 { COUNT($repeats) } 次复购（bought_once 要求：客户达到 { COUNT($limit) } 位时至少一次）。{ $passed ->
    [yes] { "" }
   *[no] 来源是否为每位客户一行的汇总表，或每张订单的客户编号都不同？若店铺太新、尚无人复购，请设 bought_once = "off"。
    }
gate-rows-lost = 到 { DATE($reference_as_of) } 已购买的客户有 { COUNT($remaining) } 位，{ $direction ->
    [same] 与
    [fewer] 少 { PERCENT($share, places: 2) }，对比
   *[more] 多 { PERCENT($share, places: 2) }，对比
    }{ gate-reference }：{ COUNT($before) } 位（rows_lost 双向上限 { PERCENT($limit, places: 2) }）。
gate-rows-gained = { COUNT($customers) } 位客户，较{ gate-reference } { SIGNED_PERCENT($share, places: 2) }（rows_gained 上限 { SIGNED_PERCENT($limit, places: 0) }）。
gate-drift-allowance = { $purchases_allowed ->
    [yes] { " " }+ 此后有购买的 { FIXED($bought_since, places: 3) }
   *[no] { "" }
    }
gate-drift = 到 { DATE($reference_as_of) } 已购买的客户的 { $quantity }，与{ gate-reference }相比：PSI { FIXED($psi, places: 3) }{ $psi_checked ->
    [yes] （psi 上限 { SHORT($psi_setting) }{ gate-drift-allowance }）
   *[no] { "" }
    }，KS { FIXED($ks, places: 3) }{ $ks_checked ->
    [yes] （ks 上限 { SHORT($ks_setting) }{ gate-drift-allowance }）
   *[no] { "" }
    }。
gate-total = { $column } 合计 { SHORT($now, digits: 6) }，较截至 { DATE($reference_as_of) } 的运行的 { SHORT($before, digits: 6) } 变化 { SIGNED_PERCENT($change, places: 1) }（total_change 双向上限 { PERCENT($limit, places: 0) }）。
gate-tiers = 截至 { DATE($reference_as_of) } 已分层的 { COUNT($before) } 位客户中，{ COUNT($customers) } 位{ $move ->
    [risen] 升到更高层级
   *[fallen] 降到更低层级
    }：{ PERCENT($share, places: 2) }（{ $move ->
    [risen] tier_rises
   *[fallen] tier_falls
    } 上限 { PERCENT($limit, places: 2) }{ $purchases_allowed ->
    [yes] { " " }+ 此后有购买的 { PERCENT($bought_since, places: 2) }
   *[no] { "" }
    }）。
gate-activity = 自拟合（{ DATE($fit_as_of) }）以来复购 { COUNT($actual) } 次，较预期的 { COUNT($expected) } 次 { SIGNED_PERCENT($change, places: 1) }（activity 上限 { PERCENT($limit, places: 0) }，另加 { COUNT($standard_error) } 的 { SHORT($limit_errors) } 个标准误）。
gate-activity-outlived = 拟合时（{ DATE($fit_as_of) }）所作的预测到不了这一天，因此无法核对此后的购买（activity）：请重新拟合。
gate-freshness = 最新一行为 { DATE($latest) }，距末日 { COUNT($days) } 天；过去一年最长的间断为 { COUNT($longest) } 天（freshness 上限为其 { SHORT($limit) } 倍）。
gate-daily = { DATE($day) } 有{ $quantity ->
    [rows] { " " }{ SHORT($value, digits: 4) } 行
   *[amounts] 金额中位数 { SHORT($value, digits: 4) }
    }：这一星期几预期约 { SHORT($expected, digits: 4) }，允许 { SHORT($lowest, digits: 4) } 至 { SHORT($highest, digits: 4) }（{ $quantity ->
    [rows] daily_rows
   *[amounts] daily_amounts
    } 上限：过去一年的范围乘以 { SHORT($limit) }）。
gate-repeated-rows = { DATE($day) } 的 { COUNT($rows) } 行中，{ PERCENT($share, places: 1) } 与同一客户、时间、金额的另一行重复；以前至多 { PERCENT($usual, places: 1) }（repeated_rows 上限再加 { PERCENT($limit, places: 0) }）。
gate-late-rows = 自上次运行（{ DATE($reference_as_of) }）以来，日期在其之前的行{ $direction ->
    [gone] 消失了
   *[late] 迟到了
    } { COUNT($late) } 行；此前四周有 { COUNT($usual) } 行（late_rows 上限为其 { PERCENT($limit, places: 0) }）。

refit-forecast = 截至 { DATE($as_of) } 打分的客户，到 { DATE($end) } 预期购买 { COUNT($predicted) } 次，实际购买 { COUNT($actual) } 次，{ $direction ->
    [same] 与预测相符
    [fewer] 少 { PERCENT($size, places: 1) }
   *[more] 多 { PERCENT($size, places: 1) }
    }（{ FIXED($errors_size, places: 1) } 个标准误）。
refit-unknown = 为时尚早：没有一次运行在其后的时间里预期有 { SHORT($least) } 次购买。
refit-needed = 请重新拟合：{ refit-forecast }
refit-needed-since = 请重新拟合：{ refit-forecast }自 { DATE($since) } 以来每次运行都是如此。
refit-not-needed = 无需重新拟合：{ refit-forecast }
refit-watch-cohorts = 就总量而言无需重新拟合，但部分同期群有漂移：{ refit-forecast }
refit-watch-intervals = 就总量而言无需重新拟合，但只有 { PERCENT($coverage, places: 1) } 的客户落在其 { PERCENT($level, places: 0) } 区间内：{ refit-forecast }
refit-cohort = 首购于 { $cohort } 的客户到 { DATE($end) } 购买 { COUNT($actual) } 次，较预测的 { COUNT($predicted) } 次 { SIGNED_PERCENT($change, places: 1) }。
refit-saw-future = { COUNT($runs) } 次过去的运行未作比较：其模型是对较晚的数据拟合的。
monitor-tiers = { DATE($earlier_as_of) } 已有分层的 { COUNT($customers) } 位客户中，到 { DATE($as_of) } 有 { PERCENT($risen, places: 1) } 升层、{ PERCENT($fallen, places: 1) } 降层；其间 { PERCENT($bought, places: 1) } 有购买。
monitor-feed = 截至 { DATE($as_of) }，日志最新一行为 { DATE($latest) }（{ COUNT($days) } 天前）；末日有 { COUNT($rows) } 行，这一星期几通常约 { SHORT($expected, digits: 4) } 行。
monitor-feed-young = 截至 { DATE($as_of) }，日志最新一行为 { DATE($latest) }（{ COUNT($days) } 天前）；末日有 { COUNT($rows) } 行。
refit-left-out = { COUNT($windows) } 个未结束的预测期未计入：其模型不在登记册中，或除频次、近度与 T 之外还需要别的数据。

score-no-money = 来源没有金额，因此只预测购买次数
score-other-forecaster = 任务中 { $setting } = "{ $named }"，但打分所用的模型是以 "{ $used }" 拟合的：若要用 "{ $named }" 打分，请重新拟合该任务；否则请设 { $setting } = "{ $used }"
score-read-recent = 只读取了 { DATE($since) } 及以后的 { COUNT($rows) } 行，并加到以前运行留下的状态上
score-read-full = 读取了整个日志{ $reason ->
    [asked] ，因为指定了这样做
    [first] ；下次运行只读取最近的行
    [damaged] ，因为以前运行留下的状态已损坏
    [settings] ，因为以前运行留下的状态属于另一来源、其他设置或另一版本
    [windows] ，因为预测方法要看的最近天数多于以前运行留下的状态
    [older-day] ，因为该日期早于已有状态可用的日期
    [older-rows] ，因为重叠期之前有 { COUNT($days) } 天的行数变了（最早：{ DATE($day) }）
    [no-rows] ，因为在已有状态所到的那一天之后没有任何行
    [faults] ，因为最近的行需要与其他所有行一起检查
    [model] ，因为模型需要所有购买
   *[backfill] ，因为补打分不使用状态
    }

## 决策：分层、细分、名单

tiers-made = { COUNT($customers) } 位客户分为 { COUNT($tiers) } 层；{ $tier } 占客户的 { PERCENT($share, places: 1) }、价值的 { PERCENT($value_share, places: 1) }
tiers-probability = { $tier } 层的客户在预测期内仍排在该层的平均概率为 { PERCENT($probability, places: 0) }
tiers-no-value = { COUNT($customers) } 位客户没有价值，也不属于任何层
tiers-negative = { COUNT($customers) } 位客户的价值低于零，因此其余客户的合计超过全部
tiers-empty = { $names } 没有客户
tiers-changed = 已公布分层的 { COUNT($customers) } 位客户中，{ PERCENT($share, places: 1) } 变了层；若只看今天的价值，会有 { PERCENT($today, places: 1) }
tiers-other-terms = 中位客户今天的价值为已公布价值的 { NUM($ratio, digits: 3) } 倍，例如毛利率或货币不同，因此已公布的价值无法说明谁上升了：客户的价值高于边界 3% 时才上升
tiers-new-and-lost = { COUNT($customers) } 位客户为新增，{ COUNT($lost) } 位已不在价值表中

segments-made = { COUNT($customers) } 位客户分为 { COUNT($segments) } 个细分；最大的 { $name } 占 { PERCENT($share, places: 1) }
segments-volume = { COUNT($customers) } 位客户（{ PERCENT($share, places: 1) }）为 { $name }：其购买次数占全部的 { PERCENT($share_of_purchases, places: 1) }
segments-status = { COUNT($customers) } 位客户中，{ COUNT($new) } 位为新客户，{ COUNT($repeat) } 位有复购，{ COUNT($lapsed) } 位已停购
stages-relationship = { COUNT($acquire) } 位客户只购买过一次，处于获取阶段；{ COUNT($manage) } 位需要经营；{ COUNT($retain) } 位需要挽留{ $listed ->
    [0] { "" }
   *[other] ；名单上的 { COUNT($listed) } 位潜在客户中，{ COUNT($attract) } 位仍待吸引
    }
stages-made = { COUNT($customers) } 位客户中，{ COUNT($overdue) } 位逾期未购，{ COUNT($lost) } 位很可能已流失，{ COUNT($won_back) } 位已挽回
data-segments-found = { COUNT($customers) } 位客户分为 { COUNT($segments) } 个细分，在其他客户中也能重新找到（一致度 { FIXED($agreement, places: 2) }；无结构时为 { FIXED($reference, places: 2) }）
data-segments-none = 这里没有细分：从 2 到 { COUNT($most) } 的任何数目，都不比无结构时更容易重新找到
data-segments-too-few = 没有细分：{ COUNT($customers) } 位客户；至少要有 { COUNT($fewest) } 位在这些列上不同的客户才能看出细分
data-segments-given = { COUNT($customers) } 位客户分为 { COUNT($segments) } 个细分；未检验数据是否支持这个数目
data-segments-constant = { $names }：所有客户都相同，因此不起区分作用
data-segments-missing = { COUNT($customers) } 位客户没有 { $name }；{ $kind ->
    [text] 该处“缺失”自成一个取值
   *[other] 该处按中位数计
    }
crosstab-made = { COUNT($customers) } 位客户分布在 { COUNT($cells) } 个单元格；另有 { COUNT($empty) } 个为空
crosstab-suppressed = 隐去 { COUNT($cells) } 个单元格（{ COUNT($customers) } 位客户）：少于 { COUNT($least) } 位，或可由合计推出
segments-checked = { $segment } 的 { COUNT($customers) } 位客户贡献了后来消费的 { PERCENT($share, places: 1) }；按历史消费取同样多的客户贡献 { PERCENT($share_past_spend, places: 1) }，按 RFM 评分为 { PERCENT($share_rfm_sum, places: 1) }
actions-list = { $name }：{ COUNT($customers) } 位客户，涉及毛利 { COUNT($money) }
audit-currency = 金额以 { CURRENCY($currency) } 计
audit-change = { $period } 收入为 { FIXED($revenue, places: 2) }，{ $earlier } 为 { FIXED($before, places: 2) }
audit-largest-group = 按客户拆分，变化主要来自 { LOCAL($part) }（{ FIXED($amount, places: 2) }）
audit-largest-driver = 按因素拆分，主要来自 { LOCAL($part) }（{ FIXED($amount, places: 2) }）
audit-concentration = { $period } 收入最高的 20% 客户贡献了 { PERCENT($share, places: 1) }
audit-incomplete = 日志未完整涵盖 { $names }，不与完整时段比较
plan-made = 触达 { COUNT($customers) } 位客户，费用 { FIXED($cost, places: 2) }，假设收益 { FIXED($gain, places: 2) }；对照组 { COUNT($control) } 位，不打扰 { COUNT($suppressed) } 位
plan-assumed = 收益建立在假设的额外订单上：在依赖它之前，请与对照组比较
plan-partly-tested = 收益所依据的额外订单，{ COUNT($rules) } 条规则中有 { COUNT($tested) } 条经过检验，其余是假设：在依赖它之前，请与对照组比较
plan-tested = 收益所依据的额外订单，全部 { COUNT($rules) } 条规则都经过检验
plan-expired = { COUNT($rules) } 条规则的检验已过期：请重新检验
plan-no-control = 没有对照组，因此无从得知行动带来了什么
nobody-leaves = 模型看不到任何客户流失：所有客户的 P(alive) 都高于 99%，因此这里无法说明谁可能已流失。请拟合其他过程或更长的交易记录
actions-not-tested = 涉及的金额并不是行动能带来的金额：请保留对照组并加以检验
experiment-assigned = { COUNT($units) } 个单元，分为 { COUNT($strata) } 层，其中 { COUNT($control) } 个为对照组
experiment-small-strata = { COUNT($units) } 个单元所在的层不足 { COUNT($fewest) } 个单元，已合并为一层
experiment-late = { COUNT($units) } 个单元不在先前的分组中，单独作为一层
experiment-units-needed = 需要 { COUNT($units) } 个单元才能显示每单元 { SHORT($effect, digits: 3) } 的效果；若不作调整，需要 { COUNT($without) } 个
experiment-smallest-effect = { COUNT($units) } 个单元能以 { PERCENT($power, places: 0) } 的概率显示每单元 { SHORT($effect, digits: 3) } 的效果
experiment-explained = 事前已知的信息解释了结果方差的 { PERCENT($share, places: 0) }
experiment-effect = { $shown ->
    [yes] 该措施使每单元的结果改变了 { SHORT($effect, digits: 3) }
   *[other] 估计效果为每单元 { SHORT($effect, digits: 3) }
    }（{ PERCENT($confidence, places: 0) } 区间 { SHORT($lower, digits: 3) } 至 { SHORT($upper, digits: 3) }），未实施时为 { SHORT($control_mean, digits: 3) }；实施组 { COUNT($treated) } 个单元，对照组 { COUNT($control) } 个，合计 { SHORT($total_effect, digits: 4) }
experiment-not-shown = { PERCENT($confidence, places: 0) } 区间包含 0：尚不能说明该措施是否有作用，但这并不等于没有作用
experiment-one-unit = 一个单元（{ $unit }，{ FIXED($outcome, places: 2) }）占结果方差的 { PERCENT($share) }：请先扣除退货和取消的订单，或在下次实验前声明 winsorize=
experiment-absent = { COUNT($customers) } 位客户不在结果表中，按 0 计
experiment-early-look = 这是在计划时间的 { PERCENT($share, places: 0) } 时的查看：区间因此较宽，以保证之后的查看仍然可信
experiment-parts = 分别查看了 { COUNT($parts) } 个部分的效果：其中最大的一个平均而言偏高，依赖它之前请再检验一次
experiment-parts-left-out = 以下部分的某一组单元过少，无法比较：{ $parts }
scorecard-made = { COUNT($customers) } 位客户按 { COUNT($dimensions) } 个维度的 { COUNT($indicators) } 个指标评分
scorecard-effective = 这些指标的变化相当于 { FIXED($count, places: 1) } 个互不相关的指标
scorecard-absent = 表中没有 { $names } 的列，评分未包含它
scorecard-missing = { COUNT($customers) } 位客户没有 { $name }；该项{ $rule ->
    [worst] 按最低分计
   *[other] 按中位数的得分计
    }
scorecard-constant = { $names }：所有客户相同，因此不区分任何人
scorecard-same = { $names } 几乎相同（相关系数 { FIXED($correlation, places: 2) }），所衡量的内容被重复计算
scorecard-consistent = { $name ->
    [between] 各维度
   *[other] { $name }
    }的两两判断彼此一致（一致性比率 { FIXED($ratio, places: 2) }）
scorecard-inconsistent = { $name ->
    [between] 各维度
   *[other] { $name }
    }的两两判断相互矛盾（一致性比率 { FIXED($ratio, places: 2) }，高于 0.1）：请重新检查
scorecard-sensitive = 任一权重变动 10% 时，{ PERCENT($share, places: 1) } 的客户会换层；单项影响最大的是 { $name }（{ PERCENT($most, places: 1) }）
scorecard-learned-here = 权重是从这一结果中学得的；比较时使用由其他客户学得的权重。请保存定义，并在之后的时段检验
scorecard-better = 评分对结果的排序优于单独使用 { $name }：基尼系数 { FIXED($gini, places: 3) } 对 { FIXED($other, places: 3) }（差异 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-no-better = 评分对结果的排序并不优于单独使用 { $name }：基尼系数 { FIXED($gini, places: 3) } 对 { FIXED($other, places: 3) }（差异 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-worse = 评分对结果的排序不如单独使用 { $name }：基尼系数 { FIXED($gini, places: 3) } 对 { FIXED($other, places: 3) }（差异 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-not-judged = 尚未检验评分对后来金额的排序是否优于单独使用预测价值
accounts-made = { COUNT($all) } 个账户中有 { COUNT($accounts) } 个关键账户，占最近 { $window } 消费的 { PERCENT($share, places: 1) }
accounts-none = 没有账户符合规则
accounts-merged = 日志中的 { COUNT($customers) } 位客户组成 { COUNT($accounts) } 个账户
accounts-not-in-log = 账户表中有 { COUNT($customers) } 位客户在日志中没有购买
accounts-largest = 若 { $name } 离开，将失去{ $basis ->
    [expected] 所有账户预期毛利
   *[past] 最近 { $window } 消费
    }的 { PERCENT($share, places: 1) }
accounts-concentrated = 消费的集中程度相当于由 { FIXED($count, places: 0) } 个相等的账户贡献
accounts-falling = { COUNT($all) } 个关键账户中有 { COUNT($accounts) } 个的消费不到之前 { $window } 的一半
accounts-no-trend = 日志未涵盖之前的 { $window }，因此没有趋势
accounts-probably-gone = { COUNT($all) } 个关键账户中有 { COUNT($accounts) } 个很可能已流失（P(alive) 低于 50%）
accounts-no-model = 没有购买和消费模型时，依赖程度按历史消费计算，风险未知

## 文本如何拼接

between-sentences = { "" }
between-items = { "、" }
full-stop = 。
cell-yes = 是
cell-no = 否
cell-range = { $lower } 至 { $upper }
cell-none = 无
label-and-text = { $label }：{ $text }
label-with-unit = { $label }（{ $unit }）

## 报告：页面

page-contents = 目录
page-glance = 概览
page-actions = 该做什么
page-verdict = 可信吗？
page-details = 详情
page-can-be-used = 这些数字可以用吗？
page-cautions = 提示
page-grades = 评级的含义
page-who-matters = 哪些客户重要
page-who-holds = { $kind ->
    [value] 价值
    [revenue] 收入
   *[purchases] 购买次数
    }由谁贡献
page-who-tier = 等级
page-who-interval = 90% 区间
page-tiers-file = { $kind ->
    [purchases] 每位客户的等级与预期购买次数
   *[other] 每位客户的等级与价值
    }（CSV）
page-whom = 重点照顾谁
page-who-number = 人数
page-who-value = { $kind ->
    [value] 价值
    [revenue] 收入
   *[purchases] 购买次数
    }{ $has_currency ->
    [yes] （{ CURRENCY($currency) }）
   *[no] { "" }
    }
page-who-share = 占比
sheet-findings = 发现
sheet-heading = { $name ->
    [what] 项目
    [number] 数值
    [lower] 下限
    [upper] 上限
    [text] 说明
    [tier] 等级
    [customers] 客户数
    [value] 价值
    [share] 占比
    [list] 名单
    [stake] 涉及金额
    [purchases] 预期购买次数
    [purchases-at-stake] 涉及购买次数
    [code] 代码
    [severity] 程度
    [figures] 数字
   *[none] { "" }
    }
page-next-steps = 下一步
page-budget = 用哪个预测，预留多少余地
page-in-full = 完整说明
page-evidence = 依据：{ $evidence }
page-print-details = 打印时包含详情
page-glossary = 术语表
page-scroll = 向右滑动查看更多列 →
site-title = { $has_name ->
    [yes] { $name } 的报告
   *[no] 报告
    }
site-about = 共 { COUNT($reports) } 份报告。价值为当时全部客户的价值，也会随客户数增长。
site-end = 订单截至
site-customers = 客户数
site-value = 客户价值
site-interval = 90% 区间
site-bias = 上次检验的总量偏差
site-coverage = 落在 90% 区间内的客户
site-level = 总量
site-ranking = 排序
site-data = 数据
grade-word-good = 良好
grade-word-fair = 尚可
grade-word-poor = 不佳
grade-word-none = 未检验
page-filter = 筛选行
page-columns = 要复制的列
page-all-columns = 所有列
page-copy = 复制为 CSV
page-copied = 已复制
page-sort = 按此列排序
page-about = { COUNT($customers) } 位客户在未来{ DURATION($horizon) }会购买多少次？购买时点模型 { $title } 在{ $cutoffs ->
    [1] 截止日 { $days } 
   *[other] { " " }{ COUNT($cutoffs) } 个截止日（{ $days }）
    }作出预测，未看到此后的任何数据。本页把它的预测与客户的实际行为作比较。{ $sampled ->
    [yes] 这些客户是 { COUNT($of) } 位客户的样本，因此检验中的总量小于全部客户的总量。
   *[no] {""}
    }

## 报告：名称

quantity-name = { $quantity ->
    [purchases] 购买次数
   *[money] 金额
    }
quantity-title = { $quantity ->
    [purchases] 购买次数
    [revenue] 全部客户的收入
   *[money] 金额
    }
forecaster-revenue-forecast = 收入预测（含未来客户）
forecaster-revenue-year-before = 去年同期的收入
forecaster-revenue-before = 此前同样长时间的收入
forecaster-zero = 零
forecaster-own-rate = 沿用自身购买率
forecaster-past-spend = 按历史消费比例
forecaster-population-mean = 总体平均
forecaster-last-period = 重复上一期
forecaster-hiatus = 沉寂规则
forecaster-seasonal-naive = 去年同期
forecaster-boosted-trees = 提升树
forecaster-blend = 混合预测
forecaster-blend-process-total = 混合预测（模型总量）
forecaster-blend-learned-total = 混合预测（学习总量）
forecaster-best = 最佳预测方法
summary-mean-purchase-rate = 平均购买率
summary-mean-time-between-purchases = 平均购买间隔
summary-mean-purchase-probability = 平均购买概率
summary-mean-dropout-probability = 平均流失概率
summary-mean-dropout-rate = 平均流失率
summary-median-lifetime = 中位寿命
summary-share-gone = 已流失占比
unit-of-time = { UNIT($unit) }
unit-of-rate = 每{ UNIT($unit) }
group-no-repeat = 无复购
suitability = { $suitability ->
    [good] 适合
    [possible] 可考虑
   *[poor] 不适合
    }
clock-name = { $discrete ->
    [yes] 以自然{ UNIT($unit) }计，每{ UNIT($unit) }为一次购买机会
   *[no] 以{ UNIT($unit) }计，同一{ UNIT($merge_within) }内的购买合并为一次
    }{ $has_zone ->
    [yes] ，时区 { $zone }
   *[no] { "" }
    }

## 报告：术语表

glossary-cutoff = 截止日、校准期、检验期
glossary-text-cutoff = 模型用截止日之前（校准期）的购买拟合；其后的检验期只用来核对预测。
glossary-forecast = 截止日的预测
glossary-text-forecast = 模型依据每位客户到截止日为止的历史，预期其后的购买。
glossary-expected = 仅凭首购日期的预期
glossary-text-expected = 拟合后的模型对首购日期相同的新客户所预期的购买，不考虑他们后来买了什么。
glossary-rules = 简单规则
glossary-text-rules = “零”：没有客户再购买。“沿用自身购买率”：每位客户过去的复购率或消费速度保持不变。“按历史消费比例”：客户保持其在过去每周消费中的份额（含首单），总量取自上一条规则。“总体平均”：每位客户按平均速度购买。“重复上一期”：每位客户重复上一个同样长的时期。“沉寂规则”：沉寂时间超过学得的阈值的客户视为流失，其余照旧。“去年同期”：总量等于去年同样几周。
glossary-learned = 提升树、混合预测
glossary-text-learned = “提升树”：用截止日之前的早期窗口训练的机器学习模型（梯度提升）。“混合预测”：提升树与在这些窗口中表现最好的购买模型的平均；“模型总量”把它缩放到该模型的总量，“学习总量”缩放到早期窗口所提示的总量。
glossary-bias = 总量误差（偏差）
glossary-text-bias = 预测总量相对于实际总量：−10% 表示预测低了 10%。零为最佳。
glossary-gini = 归一化基尼系数
glossary-text-gini = 预测把客户从优到劣排得多好：1 为完美排序，0 为随机。它不看总量。
glossary-spearman = 斯皮尔曼相关
glossary-text-spearman = 全部客户的预测与实际之间的秩相关系数，最大为 1。
glossary-rmse = RMSE、MAE
glossary-text-rmse = 每客户的均方根误差与平均绝对误差。越低越好；RMSE 更看重大的误差。
glossary-top = 前 10%、提升度、重合率
glossary-text-top = 预测最高的 10% 客户贡献的总量份额；他们的平均值为总体平均的多少倍；以及预测的头部客户中有多少确实属于实际的头部客户。
glossary-scores = 对数得分、CRPS、Brier、对数损失
glossary-text-scores = 对整个预测分布的评分（对数得分：越高越好；CRPS：越低越好），以及对再次购买概率的评分（Brier、对数损失：越低越好）。平均而言，真实概率的得分最佳。
glossary-interval = 区间、覆盖率、PIT
glossary-text-interval = 90% 区间应包含十分之九的结果；覆盖率是实际包含的比例。PIT 是每个结果在其预测分布中的位置，因购买次数为整数而作随机化；直方图平坦即为正确。
glossary-alive = P(alive)
glossary-text-alive = 模型给出的客户仍然活跃的概率。客户流失时不会告知，因此它无法直接观察。
glossary-value = 客户终身价值
glossary-text-value = 预测期内预期购买的现值：毛利率 × 预期客单价 × 折现后的购买次数。
glossary-likelihood = 对数似然、AIC、BIC
glossary-text-likelihood = 模型的拟合优度。AIC 与 BIC 对参数个数加以惩罚；越低越好。只能在相同数据上比较。
fit-status = { $status ->
    [converged] 收敛
   *[boundary] 停在边界
    }

## 报告：数据

data-title = 数据
data-lead = { DATE($cutoff) } 已有 { COUNT($customers) } 位客户，其中 { PERCENT($once) } 只买过一次。模型没有看到这一天之后的任何数据，因此可用其后的数据核对预测。
data-term-customers = 客户
data-term-calibration = 校准期
data-term-holdout = 检验期
data-term-new = 新客户
data-term-left-out = 未计入的行
data-term-sample = 样本
data-term-log = 日志
data-term-time = 时间
data-sample = 最后一个截止日已知的 { COUNT($of) } 位客户中的 { COUNT($sample) } 位，按编号抽取。检验中的所有数字，包括总量及其区间，都是样本的；价值、等级和名单则涵盖全部客户。
data-customers = { COUNT($customers) } 位，首次购买不晚于 { DATE($cutoff) }
data-calibration = { $has_start ->
    [yes] { DATE($start) } 至
   *[no] 至
    } { DATE($cutoff) }：复购 { COUNT($purchases) } 次；{ PERCENT($once, places: 1) } 的客户只买过一次。模型没有看到此后的任何数据。
data-holdout = { DATE($cutoff) } 之后，至 { DATE($end) }（{ $length } { UNIT($unit) }）：其中 { PERCENT($again, places: 1) } 的客户购买 { COUNT($purchases) } 次{ $has_spend ->
    [yes] ，消费 { COUNT($spend) }（{ log-currency }）
   *[no] { "" }
    }
data-no-new-customers = 无：检验期内的所有客户在截止日之前都购买过
data-new-customers = 检验期内有 { COUNT($customers) } 位客户，购买 { COUNT($purchases) } 次{ $has_spend ->
    [yes] ，消费 { COUNT($spend) }
   *[no] { "" }
    }。截止日的任何预测都不可能包含他们，他们也不计入任何评分。
data-rows-later = { COUNT($later) } 行晚于 { DATE($end) }
data-rows-without-id = { COUNT($without_id) } 行没有客户编号
data-rows = { $parts }
data-rows-and-cleaning = { $any ->
    [yes] { $parts }
   *[no] 清洗后的日志无
    }；清洗时（见其表格）{ $cleaning }
data-no-missing-ids = 没有因缺少客户编号而剔除的行
data-missing-ids = 剔除没有客户编号的 { COUNT($rows) } 行（{ PERCENT($share, places: 1) }{ $has_money ->
    [yes] ，占金额的 { PERCENT($money, places: 1) }
   *[no] { "" }
    }）
log-currency = 按日志的币种

cleaning-table = 清洗：日志每一行的去向
cleaning-column-rule = 规则（按顺序）
cleaning-column-rows = 行数
cleaning-column-changed = 有改动
cleaning-column-money = 金额
cleaning-note-sum = 输入的行数等于保留的行数加上其间各规则去掉的行数；金额亦然。
cleaning-note-changed = “有改动”指保留下来但金额改变或加了标记的行或订单。
cleaning-note-unlisted = 没有命中任何行的规则不列出。

profile-title = 日志画像
profile-scope = 画像涵盖整个日志，包括检验期，因此比例可能与上文不同。
profile-which-models = 哪些模型适合这些数据
profile-term-intertimes = 购买间隔
profile-term-regularity = 规律性
profile-term-arrivals = 首次购买
profile-term-season = 季节性
profile-term-opportunities = 购买机会
profile-term-money = 金额

picture-weekly = 每周购买次数
picture-text-weekly = 按自然周的购买次数折线：全部、复购与新客户，共 { COUNT($weeks) } 周。最高为 { COUNT($most) } 次，在始于 { DATE($start) } 的一周。
picture-season = { $detected ->
    [yes] 季节性
   *[no] 季节性：未发现
    }
picture-text-season = 按自然月的购买柱形图，以平均月的倍数表示。{ $month } 月最高，为 { FIXED($index, places: 2) } 倍。
picture-times-between = 购买间隔
picture-text-times-between = 同一客户相邻两次购买间隔的直方图。{ $text }

cohort-table = 获客同期群：检验期的购买次数，实际值与 { $title } 的预测
cohort-first-purchase = 首次购买
cohort-customers = 客户数
cohort-actual = 实际
cohort-forecast = 预测
cohort-error = 总量误差

## 报告：校准

calibration-title = 校准
calibration-lead = 如果相似客户组成的各组购买了所预测的次数，预测就是校准的。实心点为实际值，空心点为预测，竖条为该组的区间：实心点落在竖条之外即为未命中。
calibration-intervals = 概率与区间
calibration-reliability = 再次购买概率为 30% 的客户中，应有 30% 购买。十个结果中应有九个落在其 90% 区间内。并且，各结果应均匀分布在其预测分布上。
calibration-totals = 各时段的总量
calibration-tracking = 模型用 { DATE($cutoff) } 截止日之前的购买拟合；其后，图中比较预测与实际购买。色带表示随机性与参数带来的不确定性。

frequency-table = 检验期每客户购买次数，按截止日前的复购次数分组
frequency-repeat-purchases = 复购次数
frequency-customers = 客户数
frequency-actual = 实际
coverage-table = { PERCENT($level) } 区间的实测覆盖率，按预测的十分位组
coverage-decile = 十分位组
coverage-decile-name = { $decile }{ $highest ->
    [yes] （最高）
   *[no] { "" }
    }
coverage-note = 购买次数是整数，因此正确的区间包含结果的比例会高于其名义水平：在几乎无人购买之处，0 至 0 的区间几乎总是对的。
total-table = 各截止日的总量：{ $title } 的预测及其 { PERCENT($level) } 区间
total-of = { quantity-name }，{ $cutoff }
total-result = { $inside ->
    [yes] 区间内
   *[no] 区间外
    }
total-basis = 区间涵盖随机性与参数的不确定性{ $basis ->
    [history] ，以及环境变化（以本日志早期时段和其他商店的总量误差为准）。
    [other_shops] ，以及环境变化（以其他商店的总量误差为准）。
   *[model] ，但不涵盖环境变化。
    }
total-heading-quantity = 指标，截止日
total-heading-forecast = 预测
total-heading-interval = 区间
total-heading-actual = 实际
total-heading-result = 结果
total-heading-widened = 按早期误差加宽

picture-by-group = { $by ->
    [frequency] 按以往频次的预测与实际
    [recency] 按近度的预测与实际
   *[decile] 按预测十分位组的预测与实际
    }
picture-text-by-frequency = 检验期每客户购买次数，按截止日前的复购次数分组。从{ $first }，到{ $last }。全部数字见下表。
picture-text-frequency = 复购 { $frequency } 次者实际 { FIXED($actual, places: 2) }、{ $forecasts }
picture-text-forecast = { $title } 预测 { FIXED($expected, places: 2) }
picture-text-by-group = 检验期每客户购买次数，实际与预测，从{ $first }到{ $last }。
picture-text-group = “{ $group }”组的实际 { FIXED($actual, places: 2) }、预测 { FIXED($expected, places: 2) }
picture-reliability = 再次购买的概率，预测与实际
picture-text-reliability = { $names } 按预测概率分组的实际购买客户占比。第一个模型：从预测 { PERCENT($first_predicted) }、实际 { PERCENT($first_actual) } 到预测 { PERCENT($last_predicted) }、实际 { PERCENT($last_actual) }。
picture-coverage = 落在 { PERCENT($level) } 区间内的结果：{ PERCENT($low) } 至 { PERCENT($high) }
picture-text-coverage = 购买次数落在其 { PERCENT($level) } 区间内的客户占比，按预测的十分位组：从 { PERCENT($low) } 到 { PERCENT($high) }。
picture-pit = 结果在预测分布中的位置（平坦为正确）
picture-text-pit = 随机化 PIT 的直方图，共 { $bins } 格，预测正确时为平坦：对 { $title }，最低一格占客户的 { PERCENT($lowest, places: 1) }，最高一格占 { PERCENT($highest, places: 1) }，正确时各为 { PERCENT($right, places: 1) }。
picture-incremental = 每{ UNIT($period) }复购次数
picture-text-incremental = 每{ UNIT($period) }复购次数折线，{ DATE($start) } 至 { DATE($end) }。实际最高为 { COUNT($most) } 次，在止于 { DATE($when) } 的一{ UNIT($period) }。
picture-cumulative = 累计复购次数
picture-text-cumulative = 累计复购次数折线，{ DATE($start) } 至 { DATE($end) }。期末实际 { COUNT($actual) } 次；{ $title }：截止日预测 { COUNT($forecast) } 次，仅凭首购日期预期 { COUNT($expected) } 次。
picture-totals = 各截止日的{ quantity-name }总量{ $intervals ->
    [0] { "" }
   *[other] ：{ $title } 的区间在 { $intervals } 次中包含 { $inside } 次
    }
picture-text-totals = { $cutoffs } 个截止日的预测总量误差及其区间，以占实际总量的百分比表示：{ $intervals } 个区间中有 { $inside } 个包含它。

## 报告：排序

ranking-title = 排序
ranking-lead = 要决定先照顾哪些客户，只看他们的排序。这个排序并不显示活动会打动谁。曲线把它与不排序（对角线）、事后的完美排序以及最好的基准作比较。
overlap-cell = 命中 { PERCENT($right) }，占全部 { PERCENT($made) }
overlap-table = { quantity-title }：预测最高的客户与实际头部客户的比较
overlap-forecaster = 预测方法
overlap-top = 前 { PERCENT($top) }
overlap-note = 命中：其中有多少属于{ quantity-name }最多的同样人数的客户。占全部：他们在全部{ quantity-name }中的份额。
overlap-share = 前 { PERCENT($top) } 命中 { PERCENT($share) }
between-reasons = { "；" }
picture-gain = { quantity-title }：排名前 10% 的客户贡献 { PERCENT($captured) }
picture-text-gain = { $forecasters } 种预测方法的增益曲线。归一化基尼系数：{ $gini }。
picture-lorenz = { quantity-title }：客户之间有多不均{ $known ->
    [yes] ；前 10% 实际贡献 { PERCENT($actual) }，预测 { PERCENT($expected) }
   *[no] { "" }
    }
picture-text-lorenz = 洛伦兹曲线，实际值与 { $names } 的预期：最少的客户合计占总量的份额。
picture-lift = { quantity-title }：第一十分位组为平均的 { FIXED($first, places: 1) } 倍
picture-text-lift = 每客户{ quantity-name }的柱形图，以平均的倍数表示，按 { $title } 预测的十分位组：从第一组的 { FIXED($first, places: 1) } 到最后一组的 { FIXED($last, places: 1) }。
picture-overlap = { quantity-title }：{ $share }
picture-text-overlap = { $title } 预测最高的客户中属于实际头部的占比：{ $shares }。

## 报告：金额

money-title = 金额
money-lead = 客户的价值等于预期购买次数乘以预期客单价。消费模型假定二者相互独立；若不独立，购买最频繁的客户的价值会有偏差。
money-independence = 消费与频次
money-tail = 尾部
picture-spend = 客单价：实际观察与 { $title }
picture-text-spend = 客户平均客单价的直方图与模型曲线。最大的一组占客户的 { PERCENT($observed, places: 1) }，在 { NUM($lower, digits: 4) } 与 { NUM($upper, digits: 4) } 之间，模型在此为 { PERCENT($expected, places: 1) }。
picture-money-decile = 按十分位组的金额：预测与实际
picture-text-money-decile = 检验期每客户金额，按 { $title } 预测的十分位组：第一组预测 { FIXED($expected, places: 2) }、实际 { FIXED($actual, places: 2) }。
value-terms-unknown = 按传给 lifetime_value 的预测期、折现率与毛利率计算；其结果表未列出它们。
picture-value = 价值由谁贡献：前 { PERCENT($top) } 占 { PERCENT($share) }
picture-text-value = 最有价值的客户所占终身价值份额的曲线：前 { PERCENT($top) } 占 { PERCENT($share, places: 1) }。
value-term-total = 总价值
value-term-uncertainty = 不确定性
value-term-customer = 每位客户
value-term-concentration = 集中度
value-term-missing = 没有价值
value-total = { NUM($total, digits: 4) }（{ log-currency }）{ $has_purchases ->
    [yes] ，预期购买 { NUM($expected_purchases, digits: 4) } 次
   *[no] { "" }
    }
value-per-customer = 平均 { FIXED($mean, places: 2) }；中位数 { FIXED($median, places: 2) }
value-held-by-top = 最有价值的 { COUNT($top_customers) } 位客户（前 10%）占价值的 { PERCENT($top_share, places: 1) }
value-missing = { COUNT($customers) } 位客户中有 { COUNT($missing) } 位{ $has_reasons ->
    [yes] ：{ $reasons }
   *[no] { "" }
    }
value-table = 终身价值最高的 { $customers } 位客户
value-column-customer = 客户
value-column-lifetime-value = 终身价值（金额）
value-column-lifetime-value-lower = 区间下限（金额）
value-column-lifetime-value-upper = 上限（金额）
value-column-probability-alive = P(alive)
value-column-expected-purchases = 预期购买次数
value-column-expected-spend = 预期客单价（金额）

## 报告：拟合与模型卡

fit-title = 拟合
certificate-title = { $title }：证书
certificate-term-status = 状态
certificate-term-likelihood = 对数似然
certificate-term-gradient = 最大梯度
certificate-term-hessian = 黑塞矩阵
certificate-term-criteria = AIC、BIC
certificate-term-data = 拟合数据
certificate-term-left-out = 未计入
certificate-gradient-of = { $gradient }（极大值处为 0）
certificate-hessian-is = { $definite ->
    [yes] 负定：各个方向上都是极大值
   *[no] 非定：在某个方向上平坦
    }
certificate-fitted-to = { COUNT($customers) } 位客户，{ COUNT($rows) } 个不同的行
certificate-set-aside = { COUNT($customers) } 位平均客单价不为正的客户
parameter-table = { $title }：参数
parameter-name = 参数（单位）
parameter-estimate = 估计值
parameter-error = 标准误
parameter-interval = 95% 区间
parameter-note = –：位于取值范围的边界，因此没有标准误。
picture-parameters = 参数的不确定性
picture-text-parameters = { $parameters } 个参数各一行：其区间以估计值的百分比表示。全部数字见上面各表。
meaning-table = 参数的含义，附 90% 区间
meaning-quantity = 量（单位）
meaning-note-missing = –：该模型没有此项。
meaning-note-gone = “已流失占比”针对截止日的已知客户；其余各行针对新客户。凡只买过一次的客户不可能流失的模型，没有这一占比。
meaning-at-limit = { $infinite ->
    [yes] 无穷大
   *[no] { $value }
    }，位于边界
cell-estimate = { $estimate }（{ $lower } 至 { $upper }）

card-title = 模型卡
card-lead = 重现本报告所需的信息、模型的用途，以及已知的失败之处。
card-term-model = 模型
card-term-data = 数据
card-term-fingerprint = 数据指纹
card-term-cutoffs = 截止日
card-term-horizon = 预测期
card-term-time = 时间
card-term-intervals = 区间
card-term-versions = 版本
card-term-use = 用途
card-term-limits = 局限
card-term-failures = 已知的失败
card-model-with = { $title }{ $has_spend ->
    [yes] ，配合 { $spend }
   *[no] { "" }
    }{ $has_others ->
    [yes] ；与 { $others } 比较
   *[no] { "" }
    }
card-data = { COUNT($customers) } 位客户，{ $has_start ->
    [yes] { DATE($start) } 至
   *[no] 至
    } { DATE($end) }
card-not-recorded = 未记录
card-horizon = { DURATION($horizon) }
card-intervals = { PERCENT($level) }，中心区间；购买次数取自精确分布{ $has_draws ->
    [yes] ，金额取自每位客户的 { COUNT($draws) } 次抽样
   *[no] { "" }
    }{ $has_sampled ->
    [yes] ，至多在 { COUNT($sampled) } 位客户上检验
   *[no] { "" }
    }；随机状态 { $seed }
card-use = 预测现有客户的购买与金额（总量与分组）；按可能的购买给客户排序；在给定条件下估算客户群的价值。适用于没有合约、流失时不作告知的客户。
card-limits = 模型只使用谁在何时购买：没有季节、促销、价格或竞争对手，也没有未来的客户。P(alive) 无法观察，能观察到的只有其后的购买。预测显示的是条件不变时可能发生的情况，而不是某项行动会带来的改变。
card-parameters = 参数
card-model = 模型
card-estimates = 估计值
card-status = 状态

## 报告：基准

benchmarks-title = 基准
benchmarks-lead = 简单规则与提升树（机器学习）在相同的截止日预测相同的客户。模型只有胜过它们才值得使用。表中归一化基尼系数衡量客户排序的好坏（1 为完美），RMSE 衡量单个客户的预测通常相差多少。
metric-name = { $metric ->
    [gini] 归一化基尼系数
    [rmse] RMSE
    [mae] MAE
    [bias] 总量误差
    [capture] 前十分位贡献
   *[other] { $metric }
    }
score-table = 截止日之后{ DURATION($horizon) }的{ quantity-title }：{ $several ->
    [yes] { $cutoffs } 个截止日的平均
   *[no] 预测与实际
    }
score-forecaster = 预测方法
score-total = 总量（{ quantity-name }）
score-bias = 总量误差
score-bias-mean = 总量误差，平均
score-size = 总量绝对误差，平均
score-gini = 归一化基尼系数
score-rmse = RMSE（{ quantity-name }）
score-top = 前 10% 贡献
score-spearman = 斯皮尔曼
score-mae = MAE（{ quantity-name }）
score-actual = 实际
score-note-kind = { $kind ->
    [rules] 简单规则
   *[learned] 学习型预测方法
    }：{ $names }。
score-note-cancel = 总量误差的正负在其平均中相互抵消，在绝对误差的平均中则不会。
score-note-spearman = –：无定义，因为对所有客户都相同的预测没有排序。
score-note-customers = 没有预测的客户不计入该行；实际总量涵盖所有客户。
probability-table = { quantity-title }：概率、分布与区间的评分
probability-log-score = 对数得分
probability-crps = CRPS
probability-brier = Brier，再次购买
probability-log-loss = 对数损失，再次购买
probability-poisson-deviance = 泊松偏差
probability-decile-mape = 十分位 MAPE
probability-coverage = 落在 { PERCENT($level) } 区间内
probability-width = 平均宽度
probability-note-infinite = ∞：预测排除了实际发生的购买。
probability-note-missing = –：该预测方法没有此项。除对数得分与覆盖率外，越低越好。
difference-table = { quantity-title }：与 { $title } 的差别，{ $cutoffs ->
    [1] 一个截止日
   *[other] { $cutoffs } 个截止日
    }
difference-heading = { metric-name }：差别（区间）
difference-result = 结果
difference-better = { $better ->
    [forecaster] 更好
    [reference] 更差
   *[not-visible] 无明显差别
    }
difference-note = { $several ->
    [yes] 成对的 { PERCENT($level) } 区间，涵盖客户抽样（自助法，每次含全部截止日）与截止日之间的波动。若区间不含 0，且在每个截止日方向相同，则差别明显。显示为 0 的差别小于得分的 0.1%。
   *[no] 成对的 { PERCENT($level) } 自助法区间，对客户重抽样。一个截止日只反映客户的抽样，不反映环境的变化。显示为 0 的差别小于得分的 0.1%。
    }
picture-score = { quantity-title }：{ $metric ->
    [bias] 总量误差
   *[gini] 排序质量
    }
picture-text-score = { $metric ->
    [bias] 各预测方法的总量误差
   *[gini] 各预测方法的归一化基尼系数
    }{ $several ->
    [yes] ，{ $cutoffs } 个截止日各一点
   *[no] { "" }
    }{ $is_size ->
    [yes] ，以及其大小的平均
   *[no] { "" }
    }：{ $scores }。
picture-difference = { quantity-title }：比 { $title } { $metric ->
    [gini] 排序更好的在线的右侧
   *[rmse] 更准确的在线的左侧
    }
picture-text-difference = 每种预测方法一行：其{ metric-name }减去 { $title } 的，附区间。不明显的差别：{ $differences } 个中有 { $not_visible } 个。

## 图

plot-date-year = %Y年
plot-date-month = %m月
plot-date-day = %d日
plot-actual = 实际
plot-actual-by = 实际（按 { $title } 分组）
plot-forecast = 预测
plot-forecast-by = { $title } 预测
plot-same-line = 同一条线：{ $titles }
plot-per-customer =
    检验期每客户
    { quantity-name }
plot-purchases-per-customer = 每客户购买次数
plot-as-forecast = 与预测一致
plot-forecast-probability = 预测的检验期购买概率
plot-customers-who-bought = 实际购买的客户（%）
plot-if-right = 若分布正确
plot-pit-position =
    结果在预测分布中的位置
    （0：低端，1：高端）
plot-pit-customers =
    客户数，为正确预测的
    倍数
plot-no-intervals = 没有带区间的预测方法
plot-level = 水平：{ PERCENT($level) }
plot-coverage =
    落在区间内的结果
    （占客户的 %）
plot-decile = 预测的十分位组（1：最高）
plot-groups = { $by ->
    [frequency] 截止日前的复购次数
    [recency] { $has_unit ->
        [yes] 截止日前从首次到末次购买的时间（{ UNIT($unit) }）
       *[no] 截止日前从首次到末次购买的时间
        }
    [cohort] 首次购买的月份或季度
   *[other] { $has_unit ->
        [yes] { $by }（{ UNIT($unit) }）
       *[no] { $by }
        }
    }
    （下方数字：客户数）
plot-metric = { $metric ->
    [bias] 总量误差（占实际的 %）
    [gini] 归一化基尼系数（1：完美）
    [rmse] RMSE（每客户{ quantity-name }）
    [mae] MAE（每客户{ quantity-name }）
   *[spearman] 秩相关系数（1：完美）
    }
plot-not-visible = 不明显
plot-difference =
    { metric-name }减去
    { $title } 的
plot-parameter-interval = 区间，占估计值的百分比
plot-total-error =
    { quantity-name }总量：预测误差
    （0：准确；横条：区间）
plot-cutoff-axis = 截止日
plot-cutoff = 截止日 { $day }
plot-purchases = 购买 { $purchases } 次
plot-day = 日期（{ $first } 至 { $last }）
plot-alive = 截至当日的 P(alive)
plot-above = 高于 { $value }
plot-mean = 均值 { $mean } { $unit }
plot-share-of-new = 占新客户的比例（%）
plot-since-first = 首次购买以来的时间（{ UNIT($unit) }）
plot-expected-repeat =
    新客户的
    预期复购次数
plot-last-purchase =
    末次购买距首次的时间（{ UNIT($unit) }）
    （客户首次出现于 { $age } { UNIT($unit) }前）
plot-repeat-purchases = 复购次数
plot-matrix = { $alive ->
    [yes] P(alive)
   *[no] 未来{ DURATION($horizon) }的预期购买次数
    }
plot-heterogeneity = { $quantity ->
    [purchase-rate] 购买率
    [purchase-probability] 购买概率
    [dropout-rate] 流失率
    [dropout-probability] 流失概率
   *[other] { $name }
    }（{ $has_unit ->
    [yes] { $unit }
   *[no] 0 至 1
    }）
plot-observed = 观察值
plot-spend-model = 消费模型
plot-spend-beyond =
    高于 { $edge }：
    观察值 { PERCENT($seen, places: 1) }
    模型 { PERCENT($modeled, places: 1) }
plot-order-value = 客单价（金额）
plot-customer-share = 客户（%）
plot-most-valuable = 客户，从最有价值者起（占客户的 %）
plot-value-held = 所占价值（占全部价值的 %）
plot-no-value = 没有价值为正的客户
plot-all-equal-value =
    若所有客户
    价值相同
plot-top-holds = 前 { PERCENT($top) } 占 { PERCENT($share) }
plot-customers = 客户
plot-value = 价值
plot-cells = 客户数及其所占价值（%）
plot-tier = 层级
plot-share-of-all = 占全部的比例（%）
plot-share-of-customers = 占客户的比例（%）
plot-weight = 占评分的比例（%）
plot-share-of-spend = 占全部消费的比例（%）
plot-segment = 细分及其区间
plot-by-past-spend = 按历史消费取同样人数
plot-by-rfm = 按 RFM 评分
plot-later-money = 占后来金额的比例（%）
plot-customer-count = { COUNT($customers) } 位客户
plot-at-stake = 涉及的毛利（金额）
plot-cost = 费用
plot-assumed-gain = 假设收益（已扣费用）
plot-split = 按{ $split ->
    [customers] 客户
    [drivers] 因素
   *[other] { $split }
    }
plot-revenue-change = 收入变化（金额）
plot-revenue-forecaster = { $forecaster ->
    [revenue_forecast] 预测及其区间
    [seasonal_naive] 上年同月
    [naive] 最近一个完整月
   *[other] { $forecaster }
    }
plot-calendar-month = 月份
plot-concentration-line = { $line ->
    [past_profit] 过去利润
    [expected_value] 预期价值
    [future_value] 未来价值
   *[other] { $line }
    }
plot-top-customers = 前 { SHORT_PERCENT($top) }
plot-best-customers = 各项中最有价值的客户
plot-share-of-sum = 占总和的比例（%）
plot-multiple-of-chance = 与预测的偏差，相对于随机所能解释的倍数
plot-change = 变化（%）
plot-change-so-far = 从上一期到现在
plot-change-expected = 从现在到下一期
plot-share-of-cost = 占获客成本的比例
plot-share-of-value = 占获客时价值的比例
plot-distance-to-target = 与目标的差距（%）
plot-net-cash-flow = 净现金流（金额）
plot-money-quantity = { $quantity ->
    [remaining_value] 剩余价值（金额）
    [value_at_acquisition] 获客时价值（金额）
    [lifetime_net_value] 终身净价值（金额）
   *[other] { $quantity }
    }
plot-no-acquisition-cost = 没有任何分组有获客成本
plot-months-since-first = 首单后的月数
plot-multiple-of-cost = 价值与获客成本之比（倍）
plot-existing-customers = 现有客户
plot-customers-to-come = 未来客户
plot-revenue = 收入（金额）
plot-period-beginning = 期间的第一天
plot-equity-step = { $step ->
    [opening] 期初价值
    [discount_unwound] 折现回转
    [expected_cash_released] 释放的预期现金
    [horizon_rolled_forward] 期限前移
    [experience_orders] 经验差异：订单
    [experience_spend] 经验差异：消费
    [experience_alive] 经验差异：活跃客户
    [acquired] 新获客户
    [reestimation] 模型重新拟合
    [assumption_margin] 假设：毛利率
    [assumption_costs] 假设：成本
    [assumption_rate] 假设：折现率
    [assumption_horizon] 假设：期限
    [closing] 期末价值
   *[other] { $step }
    }
plot-equity = 客户群价值（金额）
plot-driver = { $driver ->
    [dropout] 流失风险
    [purchase_rate] 购买频率
    [spend] 每单消费
    [margin] 毛利率
    [acquisitions] 获客数量（未来客户）
   *[other] { $driver }
    }
plot-elasticity = 驱动因素增加 1% 时价值的变化（%）
plot-forecast-for = { DURATION($horizon) }的预测
plot-scoring-date = 打分日期
plot-scoring-date-bars =
    打分日期
    （竖条：两个标准误；灰色：10% 以内）
plot-relative =
    实际购买
    相对于预测
plot-gini-of = { DURATION($horizon) }：基尼系数
plot-coverage-of = { DURATION($horizon) }：区间覆盖率
plot-gini-and-coverage =
    归一化基尼系数（1：完美）；
    90% 区间的覆盖率
plot-model = 模型 { $version }
plot-no-whole-week = 日志未涵盖一个完整的自然周
plot-all-purchases = 购买次数
plot-repeat-among-them = 其中的复购
plot-new-customers = 新客户
plot-week-starting = 周起始日（{ $first } 至 { $last }）
plot-per-week = 每周
plot-months = 1 2 3 4 5 6 7 8 9 10 11 12
plot-month = 月份
plot-season =
    购买次数，为平均月的
    倍数
plot-longer = 长于 { $value }：{ PERCENT($share) }
plot-between-purchases = 客户相邻两次购买之间的时间（{ UNIT($unit) }）
plot-times-between = 占购买间隔的比例（%）
plot-perfect-ranking = 完美排序
plot-no-ranking = 不排序
plot-highest-first = 客户，从预测最高者起（%）
plot-share-made =
    他们贡献的
    { quantity-name }份额（%）
plot-all-equal = 完全均等
plot-smallest-first = 客户，从最少者起（%）
plot-share-they-make =
    他们贡献的
    { quantity-name }份额（%）
plot-average-customer = 平均客户
plot-lift =
    每客户{ quantity-name }，
    为平均的倍数
plot-at-random = 随机
plot-highest-forecasts = 预测最高的客户
plot-overlap =
    其中属于实际头部的比例
    （按{ quantity-name }，%）
plot-cumulative = 累计复购次数
plot-incremental = 每{ UNIT($period) }复购次数
plot-from-first-dates = { $title }：仅凭首购日期的预期
plot-at-cutoff = { $title }：截止日的预测
plot-period-ending = 各{ UNIT($period) }的最后一天（{ $first } 至 { $last }）

## 后来增加的消息

rfm-calendar = 模型按日历计时
cleaning-discounts = 从 { COUNT($rows) } 行减去折扣，共 { FIXED($money, places: 2) }，按{ $kind ->
    [share] 占价格的比例
    [percent] 百分数
   *[other] 金额
    }读取
cleaning-unread-discounts = { $column } 一栏像是折扣，但没有减去：若价格未含折扣，请传入 discount='{ $column }'
file-repeated-headers = { COUNT($rows) } 行重复表头，未计入
export-not-paid = { COUNT($rows) } 行未计入：未付款的订单
ledger-superseded = 订单的早期状态，后来的文件中另有该订单
ledger-test-order = 测试订单
ledger-no-date = 无日期

## 兼容：结果与 lifetimes 不同之处

compat-time-unit = customer_lifetime_value()：freq 默认为 "{ $freq }"，但这些时间的单位是 "{ $recorded }"，见其所出自的表。价值按 "{ $recorded }" 计算；lifetimes 会把月数算成 { SHORT($factor, digits: 2) } 倍。传入 freq="{ $recorded }" 即不再提示
compat-time-unit-passed = customer_lifetime_value()：传入了 freq="{ $freq }"，但这些时间所出自的表记录的是 "{ $recorded }"。价值按传入的 "{ $freq }" 计算：请核对 T 的单位
compat-time-unit-unknown = customer_lifetime_value()：T 视为以天计，即 freq 的默认值。若以周计，价值会高出数倍：请传入 freq="W"；若以天计，传入 freq="D" 即不再提示
compat-covariance = variance_matrix_ 是参数的协方差。lifetimes 的该矩阵非对角元有误，且不对称；标准误相同
compat-refunds = { COUNT($periods) } 个时期的退款达到所付金额，不算购买（共 { FIXED($money, places: 2) } 未计入）；lifetimes 会各计为一次购买。clvmodels.clean 把退款冲抵到所属订单
compat-first-seen-in-holdout = 截止日之后首次出现的 { COUNT($customers) } 位客户没有行，他们占检验期 { COUNT($of) } 次购买中的 { COUNT($purchases) } 次：不要拿此表的合计与日志的合计比较。lifetimes 会不作说明地略去他们
compat-last-day = { DATE($day) } 当天的 { COUNT($rows) } 笔交易属于到该日为止的时期；lifetimes 在当天开始的午夜就结束该时期
compat-holdout-spend = monetary_value_holdout 是每次购买的均值，与 frequency_holdout 的计数一致；lifetimes 的是日志每行的均值，对 { COUNT($customers) } 位客户有差别
compat-no-mean-spend = 在这些参数下 { COUNT($customers) } 位客户没有平均消费（需要 p x + q > 1），因此结果缺失；lifetimes 会返回负的或无意义的金额。请以 q_constraint=True 拟合，或使用 GammaGamma 的中位数

## 终端

show-enough-data = 数据够用吗？
show-which-models = 哪些模型适合这些数据？
show-what = 项目
show-here = 本日志
show-good = 宽裕
show-least = 最低
show-status = 状态
show-model = 模型
show-suitability = 适合程度
show-why = 原因
show-sufficiency = { $status ->
    [sufficient] 充足
    [thin] 偏少
   *[insufficient] 不足
    }
show-ledger = 清洗台账
show-rule = 规则
show-rows = 行数
show-changed = 有改动
show-money = 金额
show-example = 示例
show-statuses = 订单状态
show-treatment = 处理方式
show-no-status = （无）
show-parameter = 参数
show-unit = 单位
show-estimate = 估计值
show-error = 标准误
show-interval = 95% 区间
show-likelihood = 对数似然 { $value }；{ $text }
show-independence = 独立性：{ $text }
show-cost-nothing = 因复购金额为零而未计入：{ COUNT($customers) } 位客户
show-value = 未来{ DURATION($horizon) }的价值，折现率每年 { $rate }，毛利率 { $margin }：合计 { $total }；前 { $top } 名
show-customer = 客户
show-alive = P(alive)
show-purchases = 购买次数
show-order-value = 客单价
show-value-column = 价值
show-no-value = { COUNT($customers) } 位客户没有价值：{ $reason }
show-run = 截至 { DATE($as_of) } 有 { COUNT($customers) } 位客户（运行 { $run }）
show-run-refused = 其中 { COUNT($count) } 位被拒
show-run-new-since-fit = 拟合后新增 { COUNT($count) } 位
show-run-not-yet-bought = { COUNT($count) } 位尚未购买
show-run-late-rows = 上次运行以来迟到 { COUNT($count) } 行
show-refused-because = 被拒 { COUNT($count) } 位，原因：{ $reason }
show-refused-by = 被关卡 { $gate } 拒绝：{ $text }
show-column = 列
show-total = 合计
show-mean = 均值
show-interval-of = { SHORT_PERCENT($level) } 区间
show-intervals-elsewhere = 总量的区间耗时较长：请在 Python 中以 by="total" 与 interval={ $level } 调用 clv.lifetime_value。
show-learned = 客户与总量的预测方法：{ $forecaster }。以上模型给出 P(alive) 并对价值折现。
show-no-intervals = 提升树与混合预测不给出总量的区间。
show-no-dropout = 所有客户的 P(alive) 均为 1：模型在这些数据中看不出流失。
show-scores = { DATE($start) } 至 { DATE($end) } 的{ quantity-title }：实际 { $actual }
show-forecaster = 预测方法
show-bias = 偏差
show-absolute-bias = |偏差|
show-rmse = RMSE
show-gini = 基尼系数
show-mae = MAE
show-capture = 前 10%
show-coverage = 覆盖率
show-cutoffs = 截止日：{ $days }
show-backtest = { quantity-title }，未来{ DURATION($horizon) }：各截止日的平均
show-fits = 拟合，由优到劣
show-forecasts = 对检验期的预测
show-parameters = 参数
show-parameters-of = { $title }：参数
show-log-likelihood = 对数似然
show-aic = AIC
show-bic = BIC
show-seconds = 秒
show-log-score = 对数得分
show-money-bias = 金额偏差
show-money-rmse = RMSE
show-money-gini = 基尼系数
show-likelihoods = { $title }：对数似然
show-predictions = { $title }：预测合计
show-lifetimes = lifetimes
show-difference = 差异
show-computed-by = 计算方
show-at-ours = 在我们的参数处
show-at-theirs = 在对方的参数处
show-quantity = 指标
show-customers = 客户数
show-own-fit = 其自身拟合
show-reading = 读取 { $file }
show-report-written = 报告已写入 { $page }，其数字写入 { $numbers }
show-site-written = 报告索引已写入 { $page }
show-tables-written = 各表已写入 { $folder }
show-audit = 从 { $earlier } 到 { $period }
show-trend = 客户如何购买
show-flags = 各组与偶然波动的比较
show-economics = 客户的成本与收益
show-board = 关键指标与目标
show-efficiency = 各组获客成本的成效

## 命令行帮助

help-app = 由交易日志计算客户终身价值。
help-panel-start-here = 从这里开始
help-panel-look-at-a-log = 查看日志
help-panel-check-models = 检验模型
help-panel-decide = 决策
help-panel-value-and-budget = 价值与预算
help-panel-score-customers = 客户打分
help-demo = 用自带的 CDNOW 日志走完每一步：拟合、打分、估值、检验、报告。
help-report = 查看日志画像，在多个截止日回测模型与基准，估算客户价值，并写成一页报告。
help-guide = 列出用户指南的页面，或打印其中一页。
help-profile = 在建模之前查看日志：有什么、够不够、适合哪些模型。
help-audit = 审视客户群：客户之间有何差别、发生了什么变化、各同期群如何比较。
help-clean = 把订单明细、订单或导出文件整理成交易，并在台账中交代每一行。
help-validate = 用某日之前的日志拟合模型，并与其后的购买比较。
help-compare = 对同一日志拟合多个模型并比较；加 --calibration-end 时也比较预测。
help-backtest = 按各截止日当时掌握的数据作预测，并与实际结果及基准比较。
help-crosscheck = 用模型所拟合的日志，与 lifetimes 软件包核对已保存的模型。
help-tiers = 按价值给客户分层；已公布的分层只在价值明显变化时才变。
help-segments = 给客户分细分：按 RFM 评分、按阶段（--model），或按数据本身。
help-scorecard = 用指标的加权指数给客户评分，并与预测价值比较。
help-accounts = 列出关键账户：原因、趋势、风险，以及其离开会失去什么。
help-actions = 列出有流失风险、待挽回和待二次购买的客户，以及涉及的金额。
help-value = 显示日志中的客户自期末起扣除费用后的价值；--output 得到每位客户一行。
help-forecast = 按自然月预测日志的收入：现有客户，以及用 --plan 给出的未来客户。
help-check = 检查任务的数据源能否读取、关卡能否通过、输出能否写入；不写入任何内容。
help-experiment = 带对照组的实验：设计、分组、解读。
help-init = 写出任务文件，列出所有设置并逐一注释。
help-fit = 对日志拟合购买模型，加 --amount 时再拟合 Gamma-Gamma，并保存。
help-score = 给日志中的每位客户打分：P(alive)、购买次数，加 --amount 时还有价值，按各预测期。
help-backfill = 把过去的日子补打分到运行历史，从最早一天开始；现有的表不变。
help-prune = 从保留历次运行的目标中删除旧的运行；当前的运行始终保留。
help-monitor = 把过去运行的预测与其后的实际比较，并说明是否需要重新拟合。
help-columns = 打印任务各表的数据字典：每一列的类型、单位与含义。
help-models = 登记册中模型的各版本：列出、查看、启用、回退。

## 日历

calendar-season = 在 { FIXED($years, places: 1) } 年中，客户购买最快的是始于 { MONTH($fastest_month) }{ COUNT($fastest_day) }日的一周（{ SIGNED_PERCENT($most) }），最慢的是始于 { MONTH($slowest_month) }{ COUNT($slowest_day) }日的一周（{ SIGNED_PERCENT($least) }）（{ COUNT($degrees) } 个参数）
calendar-no-season = { FIXED($years, places: 1) } 年中未发现季节性
calendar-seen-once = 一年中多数星期只见过一次，因此某个异常的星期会被当作季节性
season-shared = { $comparison ->
    [tier] 常买与少买的客户季节性相同
    [acquired] 旺季获得的客户与其他客户季节性相同
   *[orders] 首单与复购订单季节性相同
}（{ P_VALUE($p_value) }）
season-differs = { $comparison ->
    [tier] 常买与少买的客户季节性不同
    [acquired] 旺季获得的客户与其他客户季节性不同
   *[orders] 首单与复购订单季节性不同
}（{ P_VALUE($p_value) }）
season-groups-too-small = { $comparison ->
    [tier] 某一层客户的购买太少，无法比较季节性
    [acquired] 旺季或其他时间获得的客户太少，无法比较季节性
   *[orders] 首单或复购订单太少，无法比较季节性
}
season-peak-customers = 与预期相比，旺季获得的客户的购买相对其他客户为 { SIGNED_PERCENT($change) }（{ P_VALUE($p_value) }）：可为他们加一个协变量
calendar-events = 已观察到的 { COUNT($observed) } 个节日或活动日平均使购买变化 { SIGNED_PERCENT($change) }；之后还有 { COUNT($coming) } 个
calendar-promotions = 已观察到的 { COUNT($observed) } 次促销平均使购买变化 { SIGNED_PERCENT($change) }；日历假设之后还有 { COUNT($coming) } 次
calendar-records-lost = 从 { $first } 到 { $last } 只记录了 { PERCENT($share) } 的购买，因此这段时间客户的购买次数偏低
profile-outages = 有 { COUNT($periods) } 段时间的购买远低于前后的日子，最主要的是从 { $first } 到 { $last }（为平常的 { PERCENT($share) }{ $catches_up ->
    [yes] ，之后高于平常
   *[no] {""}
}）：是店铺关闭、记录丢失，还是缺货？
calendar-chosen = { DATE($day) } 估计并采用了季节性：此前 { COUNT($windows) } 个窗口的总量误差，不用时为 { PERCENT($without, places: 1) }，采用时为 { PERCENT($with, places: 1) }
calendar-chosen-untested = { DATE($day) } 估计并采用了季节性；{ FIXED($years, places: 1) } 年太短，无法在更早的窗口上检验
calendar-not-better = { DATE($day) } 看得出季节性，但未采用：此前 { COUNT($windows) } 个窗口的总量误差，不用时为 { PERCENT($without, places: 1) }，采用时为 { PERCENT($with, places: 1) }
calendar-none-visible = { DATE($day) } 在 { FIXED($years, places: 1) } 年中看不出季节性
calendar-horizon = 按日历，从 { DATE($first) } 到 { DATE($last) } 的购买次数与同样多的平均日相比为 { SIGNED_PERCENT($change) }
season-seen-twice = 一年中的每一周至少出现了两次：estimate_calendar 可以估计季节性
season-seen-once = 一年中的大多数周只出现了一次：estimate_calendar 可以估计季节性，但会把不寻常的一周当作季节性
season-one-cohort = 大多数客户在半年内到来，而交易记录不足两年：无法区分客户的年龄与季节性，因此日历须来自其他来源
season-too-short = 交易记录不足一年：日历须来自其他来源
leaving-compared = 此前 { COUNT($windows) } 个窗口的总量误差：客户按日历流失时为 { PERCENT($calendar, places: 1) }，按自然时间流失时为 { PERCENT($sun, places: 1) }，因此采用{ $better ->
    [sun] 自然时间
   *[other] 日历
}
leaving-not-compared = 交易记录太短，无法比较客户按哪种时间流失
calendar-not-known-too-short = { DATE($day) } 无法由 { FIXED($years, places: 1) } 年估计季节性：至少需要一整年
calendar-not-known-one-cohort = { DATE($day) } 无法估计季节性：多数客户在半年之内到来，并跟踪了 { FIXED($years, places: 1) } 年，他们的客龄与季节性无法区分
calendar-too-short = 日志涵盖 { FIXED($years, places: 1) } 年：季节性要有一整年才看得出
calendar-one-cohort = 多数客户在半年之内到来，并跟踪了 { FIXED($years, places: 1) } 年，因此他们的客龄与季节性无法区分
