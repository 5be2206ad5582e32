# 繁體中文（臺灣用語）。訊息的編號與變數見 en.ftl；術語及其來源見 guide/terms.md。
#
# 除 en.ftl 開頭列出的函式外，還有：DATE($day) 1997年9月30日；DURATION($horizon) 26週；UNIT($unit) 週；
# CURRENCY($currency) 美元。

## 資料：交易紀錄、清洗與 RFM

rows-without-id = { COUNT($rows) } 列沒有顧客編號，已剔除
customers-left-out = { COUNT($customers) } 位顧客首次出現於 { DATE($day) } 或之前，未計入
log-misses-cutoff-day = 在 { DATE($day) } 當時掌握的交易紀錄裡沒有該{ UNIT($period) }的紀錄，而現在的交易紀錄裡有：這些列當時是否遺漏了？

log-stray-dates = { COUNT($dates) } 個日期遠在其餘日期之外，其餘日期為 { DATE($first) } 至 { DATE($last) }：交易紀錄因此從 { DATE($earliest) } 延伸到 { DATE($latest) }
profile-id-placeholder = 編號 { $id } 占全部列的 { PERCENT($share, places: 1) }（{ COUNT($rows) } 列），遠多於其他編號：它很可能代表身份未知的顧客
profile-id-dominant = 編號 { $id } 占全部列的 { PERCENT($share, places: 1) }（{ COUNT($rows) } 列）；排在其後的編號有 { COUNT($next) } 列
profile-id-variants = { COUNT($ids) } 個編號只在大小寫、空格或前導零上有差別，可能實為 { COUNT($customers) } 位顧客（例如 { $examples }）
profile-id-tests = { COUNT($ids) } 個編號像是商店測試用的信箱（例如 { $examples }）；若確實如此，請用 CleaningRules 的 internal_customers 或 internal_pattern 將其剔除
profile-one-row-per-customer = { COUNT($customers) } 位顧客各只購買一次：這要嘛是每位顧客一列的彙總表，要嘛顧客每次下單都換新編號，要嘛日誌太短、尚無人回購；無法據此配適模型

rfm-customers = { COUNT($customers) } 位顧客，{ COUNT($repeat_purchases) } 次回購
rfm-observed = 觀察至 { DATE($end) }
rfm-clock = 時間以{ UNIT($unit) }計，同一{ UNIT($merge_within) }內的購買合併為一次
rfm-clock-zone = 時間以{ UNIT($unit) }計，同一{ UNIT($merge_within) }內的購買合併為一次，時區 { $zone }
rfm-clock-discrete = 時間以自然{ UNIT($unit) }計，每{ UNIT($unit) }為一次購買機會
rfm-clock-discrete-zone = 時間以自然{ UNIT($unit) }計，每{ UNIT($unit) }為一次購買機會，時區 { $zone }
rfm-bought-once = { PERCENT($share, places: 1) } 的顧客只買過一次
rfm-first-purchase-counts = monetary_value 含首次購買

holdout-customers = 截至 { DATE($calibration_end) } 已有 { COUNT($customers) } 位顧客，追蹤至 { DATE($holdout_end) }
holdout-purchases = 在這 { SHORT($length, digits: 4) } { UNIT($unit) }內，其中 { PERCENT($share, places: 1) } 的顧客共購買 { COUNT($purchases) } 次
holdout-new-customers = 截止日之後首次出現 { COUNT($customers) } 位顧客，購買 { COUNT($purchases) } 次

cleaning-rows = { COUNT($rows) } 列整理為 { COUNT($transactions) } 筆交易
cleaning-merged = { COUNT($lines) } 列併入所屬訂單
cleaning-set-aside = { COUNT($rows) } 列被剔除
cleaning-money = 輸入金額 { FIXED($money_in, places: 2) }，保留 { FIXED($money_kept, places: 2) }

cleaning-shared-orders = { COUNT($orders) } 個訂單編號屬於多位顧客；每位顧客的列各算一次購買
cleaning-filled-customers = { COUNT($rows) } 列沒有顧客編號，取同一訂單其他列的顧客
cleaning-unknown-statuses = { COUNT($rows) } 列的狀態含義不明（{ $statuses }），{ $treatment ->
    [void] 已剔除
   *[counted] 依銷售計入
    }

file-encoding = { $file } 依 { $encoding } 編碼讀取
file-delimiter = { $file } 的欄以{ $delimiter ->
    [comma] 逗號
    [semicolon] 分號
    [tab] 定位字元
    [pipe] 直線符號
   *[other] 其他字元
    }分隔
file-decimal-comma = { $file } 的數字以逗號作小數點
file-header-row = { $file } 的標題列在第 { $row } 列
file-sheet = { $file } 中讀取的是 { $sheet }

export-further-line = { COUNT($rows) } 列未計入：訂單的後續列，總額在訂單首列
export-not-a-payment = { COUNT($rows) } 列未計入：既不是收款，也不是收款的退款
export-not-a-purchase-event = { COUNT($rows) } 列未計入：購買與退款以外的事件
export-replaced-by-later-export = { COUNT($rows) } 列未計入：所屬訂單在後來的匯出檔案裡
export-repeated-order = { COUNT($rows) } 列未計入：訂單重複匯出

status-listed = 由 { $word } 指定
status-known = 已知狀態
status-part = 含有「{ $word }」
status-amount-stated = 已退款；交易紀錄給出金額
status-rows-of-refunds = 部分退款；退款另有其列
status-blank = 無狀態
status-unknown = 含義不明
ledger-rows-in = 輸入列
ledger-kept = 保留
ledger-no-customer-id = 無顧客編號
ledger-void-status = 狀態不屬於銷售
ledger-no-amount = 無金額
ledger-internal-account = 內部帳戶
ledger-non-product = 編碼不是商品
ledger-exact-duplicate = 完全重複
ledger-refund-of-void-order = 不屬於銷售的訂單的退款
ledger-refund-dropped = 退款不計
ledger-refund-netted = 退款已沖抵
ledger-refund-beyond-purchase = 退款大於原購買
ledger-refund-before-purchase = 退款早於任何購買
ledger-refund-unmatched = 找不到對應購買的退款
ledger-purchase-reversed = 購買被全額沖回
ledger-purchase-reduced = 購買金額減少
ledger-zero-amount = 金額為零
ledger-merged-into-order = 併入所屬訂單
ledger-repeated-total = 訂單總額在後續列重複
ledger-order-id-reused = 訂單編號日後再次使用，單獨算一次購買
ledger-order-spans-weeks = 訂單各列相隔超過一週
ledger-outlier-flagged = 標記為異常值
ledger-outlier-winsorized = 異常值已縮尾

rows-after-end = { DATE($end) }之後的 { COUNT($rows) } 列未計入

## 交易紀錄輪廓：交易紀錄能支持什麼

profile-units = { $unit ->
    [day] 天
    [week] 週
    [month] 個月
   *[year] 年
    }
profile-log = { COUNT($customers) } 位顧客購買 { COUNT($purchases) } 次，{ DATE($first_day) } 至 { DATE($last_day) }（{ SHORT($span, digits: 4) } { profile-units }）
profile-bought-once = { PERCENT($share, places: 1) } 的顧客只買過一次；回購 { COUNT($repeat_purchases) } 次
profile-same-day = { COUNT($transactions) } 筆交易中，{ PERCENT($share, places: 1) } 與同一顧客同日的另一筆合併
profile-line-items = 這些資料像是訂單明細：請先清洗（clv clean）

profile-intertimes-none = 沒有顧客回購，因此沒有購買間隔
profile-intertimes = 典型的購買間隔為 { SHORT($median) } { profile-units }（一半間隔在 { SHORT($lower) } 至 { SHORT($upper) } 之間，90% 不超過 { SHORT($most) }）

profile-k = k = { $is_finite ->
    [yes] { FIXED($k, places: 2) }
   *[no] ∞
    }
profile-regularity-unknown = 沒有顧客有兩次以上回購，購買的規律性未知
profile-regularity-regular = 顧客依固定間隔購買：{ profile-k }，1 表示隨機{ $few_days ->
    [yes] （相隔僅數天的購買看起來比實際更規律，因為依天計數）
   *[no] { "" }
    }
profile-regularity-clumped = 購買成簇出現：{ profile-k }，1 表示隨機
profile-regularity-random = 購買時點大致隨機：{ profile-k }，1 表示隨機

profile-arrivals-few-customers = { COUNT($customers) } 位顧客太少，無法判斷顧客是否早於交易紀錄
profile-arrivals-one-cohort = 幾乎所有顧客都首次出現於{ $days ->
    [1] 同一天
   *[other] { COUNT($days) } 天之內
    }：要嘛他們是當時獲取的同一批顧客，要嘛全都早於交易紀錄，交易紀錄本身無法區分
profile-arrivals-window = { $window_days ->
    [1] 第一天
   *[other] 最初 { $window_days } 天
    }
profile-arrivals-early = { PERCENT($early_share) } 的顧客首次出現於{ profile-arrivals-window }
profile-arrivals-crowd = { profile-arrivals-early }，為平常的 { FIXED($crowding, places: 1) } 倍
profile-arrivals-follow-up = { COUNT($follow_up_days) } 天內回購 { FIXED($early_repeats, places: 2) } 次，後來的顧客為 { FIXED($later_repeats, places: 2) } 次
profile-arrivals-seen = 首次購買沒有集中在交易紀錄開頭（{ profile-arrivals-early }），因此能反映獲客時間
profile-arrivals-older = { profile-arrivals-crowd }，且比後來的顧客買得更勤（{ profile-arrivals-follow-up }）：他們早於交易紀錄。若去掉 { DATE($day) } 及之前首次出現的顧客，還剩 { COUNT($remaining) } 位（{ PERCENT($remaining_share) }）：建議保留與去掉兩種做法都試一試
profile-arrivals-older-few-left = { profile-arrivals-crowd }，且比後來的顧客買得更勤（{ profile-arrivals-follow-up }）：他們早於交易紀錄。若去掉 { DATE($day) } 及之前首次出現的顧客，只剩 { COUNT($remaining) } 位（{ PERCENT($remaining_share) }），可見交易紀錄裡幾乎沒有新顧客，而模型會把交易紀錄中的第一次購買當作顧客的首次購買
profile-arrivals-crowded = { profile-arrivals-crowd }，但並沒有明顯比後來的顧客買得更勤{ $has_follow_up ->
    [yes] （{ profile-arrivals-follow-up }）
   *[no] { "" }
    }：要嘛是開業或上線帶來的顧客，要嘛他們早於交易紀錄。若屬後者，請去掉 { DATE($day) } 及之前首次出現的顧客
profile-arrivals-more-frequent = 首次出現於{ profile-arrivals-window }的顧客比後來的買得更勤（{ profile-arrivals-follow-up }），但沒有集中出現：要嘛新顧客變了，要嘛部分顧客早於交易紀錄
profile-acquired-after-option = 若要去掉這些顧客再試，請傳入 acquired_after='{ $day }'，這會去掉 { PERCENT($dropped_share) } 的顧客；在做過這種嘗試的交易紀錄裡，對其餘顧客的預測低了 15% 至 27%，因此請用回測比較兩種做法

profile-season-short-log = 無法把季節性與趨勢分開：需要 { COUNT($months_needed) } 個完整月份，而交易紀錄只有 { COUNT($months) } 個
profile-season-few-purchases = 看不出季節性：{ COUNT($repeat_purchases) } 次回購太少，無法比較各月
profile-no-season = 未發現季節性（{ P_VALUE($p_value) }）
profile-season = 月份解釋了購買率圍繞趨勢波動的 { PERCENT($strength) }：從 { MONTH($quietest) }為平均的 { FIXED($quietest_index, places: 2) } 倍，到 { MONTH($busiest) }的 { FIXED($busiest_index, places: 2) } 倍。沒有日曆時，請依整年比較

profile-opportunities-none = 購買可發生在任何一天
profile-opportunities = { PERCENT($share) } 的購買發生在{ $kind ->
    [weekday] { WEEKDAY($weekday) }
    [date] { MONTH($month) } { $day } 日
    [day_of_month] 每月 { $day } 日
    [last_day_of_month] 每月最後一天
   *[before_end] 月底前 { $days } 天
    }，因此每{ UNIT($period) }為一次購買機會
profile-opportunities-option = 若要依購買機會計數，請傳入 time_unit='{ $period }' 與 merge_within='{ $period }'

profile-spend = 消費最高的 1% 顧客占金額的 { PERCENT($top_1) }{ $tail ->
    [no_mean] ；消費的尾部極重（指數 { FIXED($tail_index, places: 2) }），平均數沒有意義：請先剔除最大的顧客
    [no_variance] ；消費的尾部較重（指數 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }），平均數由少數大客戶左右
    [finite_variance] ；消費尾部的指數為 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }（不超過 2 為重尾）
   *[unknown] { "" }
    }{ $has_free_purchases ->
    [yes] ；{ PERCENT($zero, places: 1) } 的購買金額為零
   *[no] { "" }
    }

profile-check = { $check ->
    [customers] 顧客數
    [repeat_customers] 有回購的顧客數
    [repeat_purchases] 回購次數
    [frequent_customers] 回購兩次以上的顧客數
    [span] 交易紀錄長度（以購買間隔計）
   *[repeat_share] 有回購的顧客占比
    }
profile-check-failed = { profile-check }：{ SHORT($value) }
profile-check-caution = { profile-check }：{ SHORT($value, digits: 4) }，{ $status ->
    [sufficient] 充足
    [thin] 偏少
   *[insufficient] 不足
    }（{ SHORT($comfortable, digits: 4) } 較為寬裕）：{ $reason }
profile-check-customers = 顧客更少時，參數難以區分
profile-check-repeat-customers = 只有這些顧客能反映購買率與消費
profile-check-repeat-purchases = 每一次都增加資訊
profile-check-frequent-customers = 他們能區分「已流失」與「買得少」
profile-check-span = 交易紀錄更短時，看不出有顧客流失
profile-check-repeat-share = 占比更低時，可學的東西很少
profile-limits = { $limits ->
    [none] { "" }
    [older] ；注意顧客早於交易紀錄
    [season] ；注意看不出季節性
   *[both] ；注意顧客早於交易紀錄，且看不出季節性
    }
profile-sufficient = 資料足以配適模型{ profile-limits }
profile-thin = 資料偏少（{ $checks }）{ profile-limits }
profile-insufficient = 資料太少（{ $checks }）{ profile-limits }
profile-models = 適用的模型：{ $titles }
profile-models-none = 沒有明顯適合這些資料的模型

profile-model-older = { $is_older ->
    [yes] ；早於交易紀錄的顧客會使它失真
   *[no] { "" }
    }
profile-model-timing = { $is_regular ->
    [yes] 購買有規律（{ profile-k }），此模型忽略這一點，但顧客排序並不因此變差
   *[no] 購買時點隨機
    }
profile-model-regular-timing = { $is_regular ->
    [yes] 購買有規律（{ profile-k }），可以一試：以往嘗試中總量有變化，而顧客排序變差
   *[no] 購買時點並不明顯規律
    }
profile-model-dropout-at-once = { PERCENT($once) } 的顧客只買過一次，因此{ $many_once ->
    [yes] 許多顧客可能在首次購買後就已流失
   *[no] 首次購買後流失的顧客不多
    }
profile-model-alive-after-first = { $many_once ->
    [yes] ；但 { PERCENT($once) } 的顧客只買過一次，而此模型假定他們全都仍然活躍
   *[no] { "" }
    }
profile-model-opportunities = 顧客每{ UNIT($period) }可購買一次{ profile-model-older }
profile-model-other-opportunities = 購買集中在每{ UNIT($period) }的固定一天：請依購買機會而不是天數計
profile-model-mbgcnbd = { profile-model-regular-timing }；{ profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgcnbd = { profile-model-regular-timing }{ $is_regular ->
    [yes] { profile-model-alive-after-first }
   *[no] { "" }
    }{ profile-model-older }
profile-model-mbgnbd = { profile-model-timing }；{ profile-model-dropout-at-once }{ profile-model-older }
profile-model-bgnbd = { profile-model-timing }{ profile-model-alive-after-first }{ profile-model-older }
profile-model-pareto-nbd = { profile-model-timing }；顧客隨時可能流失，不限於購買之後{ profile-model-older }
profile-model-ggompertz-nbd = 隨時間上升的流失率要數年才看得出，而交易紀錄只有 { FIXED($years, places: 1) } 年{ profile-model-older }
profile-model-nbd = 沒有顧客流失的基準模型，用來看流失值多少{ profile-model-older }
profile-model-bgbb = 購買可發生在任何一天，因此沒有可計的購買機會
profile-model-no-amounts = 讀取交易紀錄時沒有金額
profile-model-no-mean = 消費的尾部極重（指數 { FIXED($tail_index, places: 2) }），平均數不存在
profile-model-heavy-tail = 消費的尾部較重（指數 { FIXED($tail_index, places: 2) }）；{ $independence }{ profile-model-older }
profile-model-heavy-tail-possible = 消費的尾部可能較重（指數 { FIXED($tail_index, places: 2) } ± { FIXED($tail_error, places: 2) }）；{ $independence }{ profile-model-older }
profile-model-spend-independence = { $independence }{ profile-model-older }

profile-independence-unknown = 頻次與消費的關係未知，因為兩者之一沒有變化
profile-independence-supported = { profile-independence-correlation }：資料支持 Gamma-Gamma 的獨立性假設
profile-independence-weakly-violated = { profile-independence-correlation }：Gamma-Gamma 的獨立性假設略有偏離，購買極頻繁或極少的顧客的價值會有偏差
profile-independence-violated = { profile-independence-correlation }：Gamma-Gamma 的獨立性假設明顯不成立；請先依頻次核對金額
profile-independence-correlation = 在 { COUNT($customers) } 位顧客中，頻次與客單價的相關係數為 { FIXED($correlation, places: 2) }（{ P_VALUE($p_value) }）{ $has_ratio ->
    [yes] ；購買最頻繁的 10% 顧客每次消費為其他顧客的 { FIXED($spend_ratio, places: 2) } 倍
   *[no] {""}
    }

## 模型：配適、證書與邊界

fit-converged = 梯度為零，且概似在各個方向上都下降
fit-some-leave-at-once = 部分顧客在首次購買後立即流失，此後幾乎無人流失：{ $parameter } 與無窮大無法區分
fit-no-dropout-at-first = 起初沒有顧客流失：{ $parameter } 與 0 無法區分
fit-other-maximum = 概似還有另一個極大值，僅低 { FIXED($difference, places: 2) }：其參數見 other_maxima，區間不包含它
fit-not-a-maximum = 參數來自另一次配適：若由這些顧客估計，對數概似約高 { FIXED($gain, places: 1) }
fit-uncertainty-not-known = 從這些參數出發，這些顧客的概似並非在各個方向上都下降：區間未涵蓋其不確定性
fit-not-identified = 資料無法識別 { $coordinates }
fit-purchase-rates-equal = 所有顧客的購買率相同：{ $parameter } 與無窮大無法區分
fit-purchases-by-few = 全部購買來自少數顧客：{ $parameter } 與 0 無法區分
fit-no-repeat-purchases = 沒有回購：{ $parameter } 與全部預期購買次數和 0 無法區分
fit-purchase-probabilities-equal = 所有顧客的購買機率相同：{ $parameter } 與無窮大無法區分
fit-purchases-always-or-never = 每位顧客要嘛每次機會都購買，要嘛從不購買：{ $parameter } 與 0 無法區分
fit-purchases-at-every-opportunity = 顧客在流失之前每次機會都購買：{ $parameter } 與 1 無法區分
fit-dropout-equal = 所有顧客流失的可能性相同：{ $parameter } 與無窮大無法區分
fit-dropout-at-once-or-never = 每位顧客要嘛立即流失，要嘛永不流失：{ $parameter } 與 0 無法區分
fit-dropout-after-next-purchase = 每位顧客在下一次購買後流失：{ $parameter } 與 1 無法區分
fit-dropout-before-next-opportunity = 每位顧客在下一次機會之前流失：{ $parameter } 與 1 無法區分
fit-dropout-at-same-age = 所有顧客在同樣的時長後流失：{ $parameter } 與無窮大無法區分
fit-no-dropout = 資料中看不出流失：{ $parameter } 與 0 無法區分
fit-no-dropout-nbd = 資料中看不出流失：{ $parameter } 與 0 無法區分，預測與 NBD 模型相同
fit-no-aging = 流失風險不隨時間上升：{ $parameter } 與 0 無法區分，預測與 Pareto/NBD 模型相同
fit-spend-within-unbounded = 同一顧客的消費波動沒有界限：{ $parameter } 與 0 無法區分
fit-spend-within-constant = 每位顧客每次消費都相同：{ $parameter } 與無窮大無法區分
fit-spend-equal = 所有顧客的平均消費相同：{ $parameter } 與無窮大無法區分
fit-spend-unbounded = 顧客之間平均消費的差異沒有界限：{ $parameter } 與 0 無法區分
fit-coefficient-infinite = { $parameter } 與無窮大無法區分（l2= 可使其有限）
fit-coefficient-minus-infinite = { $parameter } 與負無窮大無法區分（l2= 可使其有限）

## 價值

value-terms = { $horizon_has_unit ->
    [ever] 未來全部購買
    [yes] 未來 { DURATION($horizon) }的購買
   *[no] 未來 { SHORT($horizon) } 個時間單位的購買
    }，依每年 { SHORT_PERCENT($annual_rate) } 的折現率{ $timing ->
    [continuous] 從每次購買的時點折現
    [period_end] 從每{ UNIT($period) }末折現
   *[other] 依「{ $timing }」慣例、以一{ UNIT($period) }為期折現
    }，毛利率 { SHORT_PERCENT($margin) }
money-quantity = { $quantity ->
    [remaining_value] 剩餘價值（自觀察期末起）
    [value_at_acquisition] 獲客時價值（自首單起，未扣獲客成本）
   *[lifetime_net_value] 終身淨價值：已實現與剩餘價值之和減獲客成本，折算到首單當日
    }
money-terms = { money-quantity }{ $has_currency ->
    [yes] ，以{ CURRENCY($currency) }計
   *[no] { "" }
    }：{ $terms }。
money-terms-since-first-order = { money-quantity }{ $has_currency ->
    [yes] ，以{ CURRENCY($currency) }計
   *[no] { "" }
    }：首單起 { SHORT($days) } 天內的訂單（含首單），{ $discounted ->
    [yes] 依每年 { SHORT_PERCENT($annual_rate) } 折現到首單當日
   *[no] 不折現
    }，毛利率 { SHORT_PERCENT($margin) }。
money-negative-margin = 毛利率為負（{ SHORT_PERCENT($margin) }），因此每一單都減少價值。
money-no-mean-spend = { COUNT($customers) } 位顧客沒有預期消費，也沒有價值，不計入合計。
money-negative = { COUNT($of) } 個價值中有 { COUNT($values) } 個為負，合計 { FIXED($sum, places: 2) }；總和已包含它們。
money-negative-customers = { COUNT($of) } 位顧客中有 { COUNT($customers) } 位的價值為負；總和已包含他們。
money-sampled-futures = { COUNT($customers) } 位顧客合計的區間來自其中一部分顧客的模擬未來，並推算到全部顧客；預期值來自全部顧客。
unit-economics-no-cost = { $groups } 的獲客成本未知，因此那裡沒有 CLV:CAC 與 ROI。
unit-economics-no-payback = 預計 { COUNT($months) } 個月內無法回本：{ $groups }。
revenue-forecast = { COUNT($months) } 個月的營收{ $planned ->
    [0] （僅限現有顧客）
   *[other] ，含計劃新增的 { COUNT($planned) } 位顧客，其價值不屬於顧客權益
    }；區間涵蓋隨機性與參數的不確定性{ $learned ->
    [yes] ，以及環境的變化
   *[no] ，但不含顧客行為的變化
    }。
revenue-backtest = 在 { COUNT($cutoffs) } 個截止日預測營收，新客數量由交易紀錄預測：總額偏差 { SIGNED_PERCENT($bias, places: 0) }，{ PERCENT($level) } 區間涵蓋 { COUNT($months) } 個月中的 { PERCENT($coverage) }。
revenue-backtest-benchmark = 縮放誤差（RMSSE）為 { FIXED($rmsse, places: 2) }，{ $benchmark ->
    [seasonal_naive] 以去年同月為預測
   *[naive] 以最近一個完整月為預測
    }則為 { FIXED($rmsse_benchmark, places: 2) }。
value-concentration = 最好的 { SHORT_PERCENT($top) } 顧客貢獻了過去利潤的 { PERCENT($past_profit) }，占預期價值的 { PERCENT($expected_value) }，並將帶來未來實際價值的約 { PERCENT($future_value) }：僅看預期價值會低估集中程度。
value-concentration-negative = 負值（過去有 { COUNT($past) } 位顧客，預期有 { COUNT($expected) } 位）使最好顧客的占比更大，可能超過 100%。
change-flags-none = 沒有分組與預測有明顯差異；整張表出現任何誤報的機率為 { SHORT_PERCENT($level) }。
change-flags = 剔除共同衝擊後，{ COUNT($count) } 個分組與預測有明顯差異：{ $groups }。若預測正確，整張表出現任何誤報的機率為 { SHORT_PERCENT($level) }。
change-flags-year-none = 沒有分組與去年同期的幾週有明顯差異；整張表出現任何誤報的機率為 { SHORT_PERCENT($level) }。
change-flags-year = 剔除共同變化後，{ COUNT($count) } 個分組與去年同期的幾週有明顯差異：{ $groups }。若分組之間只有偶然差異，整張表出現任何誤報的機率為 { SHORT_PERCENT($level) }。
trend-falling = 最近 { COUNT($days) } 天明顯下降：{ $names }。
trend-rising = 最近 { COUNT($days) } 天明顯上升：{ $names }。
trend-stable = 最近 { COUNT($days) } 天沒有明顯變化。
kpi-targets-missed = { COUNT($count) } 個目標未達成：{ $names }。
kpi-targets-reached = { $count ->
    [0] 沒有可檢驗的目標。
   *[other] { COUNT($count) } 個目標全部達成。
    }
equity-bridge = 從 { DATE($begin) } 到 { DATE($end) }，顧客群價值變化 { SIGNED_PERCENT($change, places: 1) }，其間新增顧客 { COUNT($acquired) } 位。
elasticities = { $terms }：流失風險增加 1%，價值變化 { SIGNED_PERCENT($dropout_change, places: 2) }；每單消費或毛利率增加 1%，價值變化 { SIGNED_PERCENT($spend_change, places: 2) }。這些是彈性而非效果：什麼能改變驅動因素是另一個問題。
elasticities-served-fixed = 依服務期收取的成本保持不變。
costs-without-customers = { $cost } 表中提到 { $segments }，但沒有顧客屬於它。

# 推薦的預測方法

best-all-orders = 金額：把首單也計入的消費水準{ $taken ->
    [yes] 的顧客排序明顯優於只看回購訂單，予以採用
   *[no] 的顧客排序未明顯優於只看回購訂單，不予採用
    }（卜瓦松偏差的平均改善為 { NUM($gain, digits: 3) }，標準誤 { NUM($error, digits: 3) }）。
best-stack = { $quantity ->
    [purchases] 購買次數
   *[money] 金額
    }：堆疊預測{ $taken ->
    [yes] 的顧客排序明顯優於最佳購買模型，予以採用
   *[no] 的顧客排序未明顯優於最佳購買模型，不予採用
    }（卜瓦松偏差的平均改善為 { NUM($gain, digits: 3) }，標準誤 { NUM($error, digits: 3) }）。
best-trees = { $quantity ->
    [purchases] 購買次數
   *[money] 金額
    }：與提升樹取平均{ $taken ->
    [yes] 明顯改善了排序，予以採用
   *[no] 未明顯改善排序，不予採用
    }（卜瓦松偏差的平均改善為 { NUM($gain, digits: 3) }，標準誤 { NUM($error, digits: 3) }）。

total-interval-no-windows = 這份交易紀錄沒有更早的視窗可供學習，因此區間只依據另外 { COUNT($shops) } 家商店的總量誤差。
total-interval-short-windows = { COUNT($days) } 天的早期視窗太短，無法從中學到水準；至少需要兩個月。
total-interval-level = 在此前 { FIXED($weeks, places: 0) } 週，總量與預期相差 { SIGNED_PERCENT($ratio) }；其中 { PERCENT($power, places: 0) } 視為會持續，使總量變化 { SIGNED_PERCENT($change) }。
total-interval-not-tested = 未在這一預測期檢驗：總量誤差只掌握到 { COUNT($longest) } 天，因此 { COUNT($days) } 天的區間是模型自身的區間，不含環境變化。
total-interval-other-shops = 總量的區間涵蓋環境變化（以另外 { COUNT($shops) } 家商店的總量誤差為準），但沒有用到這份交易紀錄的早期視窗。
total-interval-level-not-tested = 未在這一預測期檢驗：總量誤差只掌握到 { COUNT($longest) } 天，因此 { COUNT($days) } 天總量的區間假定環境變化與 { COUNT($longest) } 天內一樣大，可能偏窄。
total-interval-all-processes = 此模型不在與另外 { COUNT($shops) } 家商店實際結果比較過總量的模型之列，因此採用所有這些模型的誤差。
total-interval-season = 這一預測期內，季節性對總量的影響約有 { PERCENT($error) } 的誤差（一個標準誤），區間已包含這一點。

## 檢驗：比較、總量、交叉核對

compare-none-fitted = 沒有模型能配適這些資料。
compare-alone = 只有 { $title } 一個模型：請與其他模型比較，才能看出它配適得如何。
compare-dropout-not-visible = 看不出流失：不含流失的 { $title } 配適得同樣好。
compare-dropout-likely = 顧客似乎會流失：不含流失的 { $title } 配適略差（BIC 高 { FIXED($bic_difference, places: 1) }）。
compare-dropout-clear = 顧客會流失：不含流失的 { $title } 配適差得多（BIC 高 { FIXED($bic_difference) }）。
compare-dropout-at-limit = 看不出流失：{ $title } 的配適停在沒有流失的邊界上。
compare-timing-random = k = { $k }：購買沒有規律，時點隨機。
compare-timing-not-visible = 看不出規律性：k = { $k } 並不比 { $title } 配適得更好。
compare-timing-regular = k = { $k }：購買有規律。
compare-fits-equal = { $titles } 配適得同樣好（BIC 相差不超過 { SHORT($bic_limit) }）。
compare-fit-best = { $title } 配適最好，其次是 { $next_title }（BIC 高 { FIXED($bic_difference) }）。
compare-fit-at-limit = { $title } 的配適停在邊界上：{ $limits }。
compare-same-model = { $titles } 停在同一邊界上{ $nobody_leaves ->
    [yes] ，即無人流失
   *[no] { "" }
    }：在這裡它們是同一個模型。
compare-customers-alike = 顧客之間幾乎沒有差別：在 { $title } 中，購買率圍繞平均數的波動為 { PERCENT($variation) }，因此顧客排序意義不大。
compare-cohorts-differ = 較晚獲取的顧客買得更{ $direction ->
    [fewer] 少
   *[more] 多
    }：在 { SHORT($span, digits: 3) } { UNIT($unit) }內，{ $title } 預期後半段的新顧客回購 { FIXED($later, places: 2) } 次，前半段 { FIXED($earlier, places: 2) } 次。兩段共用一個模型，對新顧客是錯的。
backtest-cohorts-drift = 從 { $first } 同類群組到 { $last } 同類群組，實際購買相對預測{ $direction ->
    [fewer] 下降
   *[more] 上升
    } { SIGNED_PERCENT($change) }：較新的顧客買得比所有同類群組共用一個模型所預期的更{ $direction ->
    [fewer] 少
   *[more] 多
    }
compare-trade-off = 在 { $title } 中，{ $first } 與 { $second } 此消彼長：不要單獨解讀其中一個。
compare-total-size = { $direction ->
    [right] 準確
    [low] 低了 { PERCENT($size, places: 1) }
   *[high] 高了 { PERCENT($size, places: 1) }
    }
compare-total = 在檢驗期，{ $title } 預測的總量{ compare-total-size }。
compare-total-also = { $direction ->
    [unknown] { "" }
   *[other] ；{ $title } 預測的總量{ compare-total-size }
    }
compare-forecast-best = { $title } 對檢驗期預測最好{ compare-total-also }。
compare-forecasts-equal = { $titles } 對檢驗期預測得同樣好{ compare-total-also }。

totals-interval = 總量的 { PERCENT($level) } 區間{ $inside ->
    [yes] 包含
   *[no] 不包含
    }實際總量。{ $earlier ->
    [0] 當時沒有已結束的更早截止日，因此不知道總量誤差有多大。
    [1] 當時已結束的唯一一個更早截止日，其區間{ $missed ->
        [0] 包含了總量。
       *[other] 未包含總量。
        }{ totals-calibration }
   *[other] 當時已結束的 { $earlier } 個更早截止日中，有 { $missed } 個的區間未包含總量。{ totals-calibration }
    }
totals-calibration = { $calibrated ->
    [yes] 依這些誤差加寬後，區間以 { $earlier } 個截止日校準。
   *[no] 要在 { PERCENT($level) } 水準上校準，至少需要 { $needed } 個：區間未加寬。
    }

backtest-sample = 預測只在最後一個截止日已知的 { COUNT($of) } 位顧客中按編號抽取的 { COUNT($customers) } 位上檢驗：檢驗中的總量及其區間都是樣本的
backtest-log-as-known = 為各截止日當時掌握的交易紀錄
backtest-fit-failed = { $title } 無法配適：{ $error }
backtest-cutoff-left-out = 截止日 { DATE($cutoff) } 未計入：{ $error }
backtest-revenue-left-out = 自 { DATE($cutoff) } 起的營收未作預測：{ $error }
backtest-horizon-not-over = 交易紀錄結束時，自 { DATE($cutoff) } 起的 { DURATION($horizon) }尚未結束
backtest-horizon-long = 在 { DATE($cutoff) }，交易紀錄只回溯 { SHORT($length) } { UNIT($unit) }，而預測要到 { $horizons }之後：比模型配適所用的任何時長都遠

spend-no-mean = q 為 { FIXED($q, places: 2) }：客單價在顧客間沒有有限的平均數，因此新顧客沒有預期價值。
spend-no-variance = q 為 { FIXED($q, places: 2) }：客單價在顧客間沒有有限的變異數，因此少數顧客可能決定總量。

goodness-agrees = 顧客的購買次數與 { $title } 相符：卡方 { FIXED($statistic, places: 2) }，自由度 { COUNT($degrees_of_freedom) }，{ P_VALUE($p_value) }。
goodness-differs = 顧客的購買次數與 { $title } 的預期相差超出隨機波動：卡方 { FIXED($statistic, places: 2) }，自由度 { COUNT($degrees_of_freedom) }，{ P_VALUE($p_value) }。
goodness-no-test = 顧客的分組太少，無法對 { $title } 做卡方檢驗。
goodness-statistic-differs = { $statistic ->
    [share_without_repeat] 沒有回購的顧客占比
    [variance] 回購次數的變異數
    [share_of_top_5_percent] 購買最頻繁的 5% 顧客所占的回購占比
   *[mean_recency] 有回購的顧客的平均近度
    }為 { NUM($observed, digits: 3) }，而由模型模擬的歷史中有 90% 落在 { NUM($lower, digits: 3) } 至 { NUM($upper, digits: 3) }。

lrt-statistic = 兩倍對數概似上升 { FIXED($statistic, places: 2) }
lrt-significant = { lrt-statistic }，多用 { lrt-parameters }，超出隨機波動（{ P_VALUE($p_value) }）。
lrt-not-significant = { lrt-statistic }，多用 { lrt-parameters }，可能只是隨機波動（{ P_VALUE($p_value) }）。
lrt-parameters = { $degrees_of_freedom } 個參數
lrt-remedy = 請改比 BIC，或用模擬：依較小的配適生成資料，對其配適兩個模型，統計該量有多少次同樣大。
lrt-no-dropout = { lrt-statistic }，但沒有 p 值：{ $small_title } 是平均流失為 0、位於取值範圍邊緣的 { $large_title }，此時流失的差異沒有意義：卡方分配及其混合都不成立（Davies 1987）。{ lrt-remedy }
lrt-no-aging = { lrt-statistic }，但沒有 p 值：{ $small_title } 是 b 趨於 0、即取值範圍邊緣時的 { $large_title }：卡方分配會給出過大的 p 值（Self & Liang 1987）。{ lrt-remedy }
lrt-whole-k = { lrt-statistic }，但沒有 p 值：{ $small_title } 與 { $large_title } 只差 k 為 1，而 k 是整數：卡方分配不成立。{ lrt-remedy }
lrt-boundary = { lrt-statistic }，但沒有 p 值：{ $title } 停在邊界上（{ $limits }），卡方分配在那裡不成立。{ lrt-remedy }

crosscheck-failed = { $title }：lifetimes{ $version ->
    [none] { "" }
   *[other] { " " }{ $version }
    } 自身失敗（{ $errors }）；
crosscheck-agrees = { $title }：與 lifetimes { $version } 一致：
crosscheck-differs = { $title }：與 lifetimes { $version } 不一致：
crosscheck-not-compared = 沒有可比較之處
crosscheck-compared = 在我們的參數下，它在 { $quantities } 上一致
crosscheck-agreement = 它自己的搜尋停在對數概似 { FIXED($theirs, places: 3) }，我們的以同一函數計為 { FIXED($ours, places: 3) }，參數相對差異至多 { NUM($parameters, digits: 1) }{ $sampled ->
    [yes] （在 { COUNT($customers) } 位顧客的樣本上，抽樣足以解釋）
   *[no] { "" }
    }；在相同參數下，任何顧客的對數概似相差不超過 { NUM($likelihood, digits: 1) }，{ COUNT($predicted) } 位顧客的任何預測相對相差不超過 { NUM($prediction, digits: 1) }
crosscheck-likelihood-differs = 在{ $parameters_of ->
    [ours] 我們的
   *[lifetimes] lifetimes 的
    }參數下，{ COUNT($customers) } 位顧客的對數概似不同{ $not_finite ->
    [0] { "" }
   *[other] ，其中 lifetimes 的值對 { COUNT($not_finite) } 位不是有限數（從 { $statistic } { SHORT($not_finite_from, digits: 6) } 起）
    }{ crosscheck-decision }
crosscheck-prediction-differs = 在我們的參數下，{ $of } 位顧客中有 { $customers } 位的 { $quantity } 不同{ $not_finite ->
    [0] { "" }
   *[other] ，其中 lifetimes 的值對 { $not_finite } 位遺漏或無窮
    }{ crosscheck-decision }
crosscheck-method = 依模型定義、對顧客差異作數值平均，
crosscheck-decision = （最大差異見 { $history }：我們 { NUM($ours, digits: 8) }，lifetimes { NUM($lifetimes, digits: 8) }）{ $right ->
    [ours] ，我們的正確：{ crosscheck-method }得 { NUM($third, digits: 8) }
    [lifetimes] ，lifetimes 的正確：{ crosscheck-method }得 { NUM($third, digits: 8) }
   *[undecided] { $computable ->
        [yes] ；{ crosscheck-method }無法分出對錯：得 { NUM($third, digits: 8) }
       *[no] ；{ crosscheck-method }在此無法計算，分不出對錯
        }
    }
crosscheck-better = 更好，{ $finite ->
    [yes] 依它自己的概似好 { SHORT($theirs, digits: 4) }，依我們的好 { SHORT($ours, digits: 4) }
   *[no] 依我們的概似好 { SHORT($ours, digits: 4) }；它自己的在那裡不是有限數
    }
crosscheck-search-stopped-early = 我們的參數{ crosscheck-better }，可見它的搜尋過早停止，我們的正確
crosscheck-not-a-maximum = 它的參數{ crosscheck-better }，可見 lifetimes 正確，而此模型對這些顧客不是極大值
crosscheck-not-a-maximum-expected = 它的參數{ crosscheck-better }，這是可能的，因為此模型{ $reasons }
crosscheck-likelihoods-disagree = 從我們的參數到它的參數，對數概似依我們的函數變化 { SHORT($ours, digits: 4) }，依它的變化 { SHORT($theirs, digits: 4) }
crosscheck-other-customers = 是對另外的顧客、或在另一天配適的
crosscheck-prior = 是帶先驗配適的，而 lifetimes 沒有先驗
crosscheck-probability-alive = P(alive)
crosscheck-expected-purchases = 預期購買次數
crosscheck-expected-spend = 預期消費
crosscheck-log-likelihood = 對數概似

## 報告：首頁

glance-title = { $kind ->
    [money] { $has_name ->
        [yes] { $name } 的顧客值多少
       *[no] 這些顧客值多少
        }
   *[purchases] { $has_name ->
        [yes] { $name } 的顧客會購買多少次
       *[no] 這些顧客會購買多少次
        }
    }
glance-about = { $tested ->
    [yes] 上次檢驗日已有{ " " }
   *[no] { "" }
    }{ COUNT($customers) } 位顧客 · 訂單 { DATE($start) } 至 { DATE($end) }
glance-money = { $amount } { CURRENCY($currency) }
glance-value = { $has_horizon ->
    [yes] 這些顧客未來 { DURATION($horizon) }的
   *[no] { $lifetime ->
        [yes] 這些顧客未來全部訂單的
       *[no] 這些顧客的
        }
    }{ $revenue ->
    [yes] 預期營收
   *[no] 價值
    }
glance-half = 其中一半來自 { COUNT($customers) } 位顧客（{ PERCENT($share, places: 1) }）。
glance-newcomers-excluded = 未來的新顧客不計在內。
glance-margin = 這是毛利：按預期消費的 { PERCENT($margin) } 計算。
glance-interval = { PERCENT($level) } 區間
glance-untested-interval = { $chosen ->
    [model] 此區間只涵蓋隨機性與參數的不確定性，不涵蓋顧客行為的變化。
   *[history] 沒有商店能說明這麼遠的總量會差多少：此區間只涵蓋隨機性與參數的不確定性。
    }
glance-recent-level = 最近，顧客的購買{ $more ->
    [yes] 多於
   *[no] 少於
    }本預測。若這種差距像通常那樣延續，這些顧客將帶來 { $amount }，而不是上面的數。
glance-recent-purchases = 最近，顧客的購買{ $more ->
    [yes] 多於
   *[no] 少於
    }本預測。若這種差距像通常那樣延續，這些顧客將購買 { $purchases } 次，而不是上面的數。
glance-outlook = 這些顧客未來 { DURATION($horizon) }的預期購買次數
glance-purchases = { DATE($cutoff) } 之後 { DURATION($horizon) }的預期購買次數
glance-purchases-actual = 顧客實際購買 { COUNT($actual) } 次。
glance-active = 仍活躍
glance-active-note = 依購買模型 { $title }，{ COUNT($customers) } 位顧客中預計有 { COUNT($active) } 位還會再次購買。
glance-customer = 平均每位顧客
glance-customer-note = 一半顧客的價值低於 { $median }。
glance-newcomer = { $revenue ->
    [yes] 一位新顧客帶來的營收
   *[no] 一位新顧客的價值
    }
glance-newcomer-note = { $revenue ->
    [yes] 自首單起 { DURATION($horizon) }（含首單）為 { $lower } 至 { $upper }；其中的毛利就是獲客成本的上限。
   *[no] 自首單起 { DURATION($horizon) }的毛利（含首單），區間 { $lower } 至 { $upper }；獲得一位新顧客的花費應低於此數。
    }
glance-change = 自 { DATE($begin) } 以來的變化
glance-change-note = { $direction ->
    [worse] 原有顧客的表現低於預期
   *[better] 原有顧客的表現高於預期
    }：{ $experience }；新顧客：{ $acquired }；已實現的訂單與時間推移（符合預期）：{ $as_expected }；新估計與新條件：{ $other }。
glance-change-revised = 當時的報告為 { $stated }：此後交易紀錄或報告所用的模型有變。
report-change = { DATE($begin) } 至 { DATE($end) }，顧客價值由 { COUNT($opening) } 變為 { COUNT($closing) }：原有顧客的表現偏離預期帶來 { COUNT($experience) }，新顧客帶來 { COUNT($acquired) }。

status-level = 總量：{ $grade ->
    [good] 良好
    [fair] 尚可
    [poor] 不佳
   *[none] 未檢驗
    }
grade-level = 總量。良好：每個檢驗日與實際相差不超過 { PERCENT($good) }。尚可：不超過 { PERCENT($fair) }，或雖良好但檢驗期短於上述總量所涵蓋的時間。
status-level-evidence = { $cutoffs ->
    [1] 檢驗日
   *[other] { COUNT($cutoffs) } 個檢驗日
    }的{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量預測{ $direction ->
    [mixed] 在偏低 { PERCENT($least) } 至偏高 { PERCENT($most) } 之間。
   *[other] { $direction ->
        [high] 偏高
       *[low] 偏低
        } { $cutoffs ->
        [1] { PERCENT($most) }
       *[other] { PERCENT($least) } 至 { PERCENT($most) }
        }。
    }{ $further ->
    [yes] { $capped ->
        [yes] 誤差本身算良好，但
       *[no] {""}
        }總量涵蓋{ $horizon ->
        [lifetime] 未來全部訂單
       *[other] { " " }{ DURATION($horizon) }
        }，檢驗只涵蓋 { DURATION($tested) }{ $capped ->
        [yes] ，所以只評尚可。
       *[no] 。
        }
   *[no] {""}
    }{ $sampled ->
    [yes] 檢驗用的是 { COUNT($sample) } 位顧客的樣本。
   *[no] {""}
    }
status-level-untested = 檢驗日之後沒有任何購買，因此無法評判總量。
status-ranking = 排序：{ $grade ->
    [good] 良好
    [fair] 尚可
    [poor] 不佳
   *[none] 未檢驗
    }
grade-ranking = 排序，依最近檢驗日購買次數與金額的正規化吉尼係數中較低者。良好：不低於 0.6。尚可：不低於 0.3。
status-ranking-evidence = 排名前 10% 的顧客貢獻了後來{ $quantity ->
    [money] 營收
   *[purchases] 購買次數
    }的 { PERCENT($captured) }；隨機抽取的 10% 只貢獻 10%。
status-ranking-untested = 檢驗日之後所有顧客表現相同，沒有可排的順序。
status-data = 資料：{ $grade ->
    [good] 良好
    [fair] 尚可
   *[poor] 不佳
    }
grade-data = 資料。良好：對資料與模型沒有任何提示。尚可：有提示。不佳：至少有一個問題。
status-data-evidence = { $problems ->
    [0] { $cautions ->
        [0] 未發現這些資料有問題。
       *[other] 對資料或配適有 { COUNT($cautions) } 則提示。
        }
   *[other] 資料或配適有 { COUNT($problems) } 個問題。
    }
report-cutoffs = 已完成 { COUNT($done) } / { COUNT($of) } 個截止日
report-step = { $step ->
    [profile] 查看交易紀錄輪廓
    [backtest] 從各截止日預測，並與實際比較
    [value] 依交易紀錄最後一天估算每位顧客的價值
    [decisions] 正在劃分顧客等級與名單
   *[page] 產生頁面
    }
next-step-deploy = 定期給顧客評分：用「clv init」寫出任務檔案，再用{ $forecaster ->
    [best] 「clv fit --forecaster best」配適，它從交易紀錄的早期時段學習總量與排序
   *[process] 「clv fit --model { $model }」配適，寫出的就是本頁的模型
    }。
next-step-test = 依名單行動之前，隨機留出一部分顧客不做接觸。只有兩者的差別才說明行動是否划算。
next-step-repeat = 等接下來的 { DURATION($horizon) }過去後再做一次報告：多一個檢驗日，就能看出預測是否仍然成立。
tier-size = { COUNT($customers) }（{ PERCENT($share, places: 0) }）
list-label = { $list ->
    [key-accounts] 大客戶
    [at-risk] 流失預警
    [win-back] 待挽回
   *[second-purchase] 僅購買一次
    }
list-key-accounts = { $customers ->
    [0] 沒有顧客達到過去一年消費總額的 1%。
   *[other] { COUNT($customers) } 位顧客各占過去一年消費總額的 1% 以上，合計價值 { $money }（占全部的 { PERCENT($share, places: 1) }）。
    }
list-at-risk = { $customers ->
    [0] { COUNT($candidates) } 位活躍回購顧客中沒有。
   *[other] { $every ->
        [yes] 全部 { COUNT($customers) } 位活躍回購顧客：若其中一些人如預期流失，合計損失 { $money }。
       *[no] { COUNT($candidates) } 位活躍回購顧客中損失最大的 { COUNT($customers) } 位：若其中一些人如預期流失，合計損失 { $money }。
        }
    }
list-win-back = { $customers ->
    [0] { COUNT($candidates) } 位很可能已流失的回購顧客中沒有。
   *[other] { $every ->
        [yes] 很可能已流失的全部 { COUNT($customers) } 位回購顧客：若重新活躍，將多帶來 { $money }。
       *[no] { COUNT($candidates) } 位很可能已流失的回購顧客中的 { COUNT($customers) } 位：若重新活躍，將多帶來 { $money }。
        }
    }
list-second-purchase = { $customers ->
    [0] { COUNT($candidates) } 位只下過一單的顧客中，沒有誰近期很可能再次下單。
   *[other] { $every ->
        [yes] 只下過一單的全部 { COUNT($customers) } 位顧客：預計帶來 { $money }。
       *[no] { COUNT($candidates) } 位只下過一單的顧客中最有潛力的 { COUNT($customers) } 位：預計帶來 { $money }。
        }
    }
purchases-at-stake = { $number } 次購買{ $one ->
   *[other] { "" }
    }
new-customer-cost = { $revenue ->
    [yes] 一位新顧客在前 { DURATION($horizon) }（含首單）帶來營收 { $value }（{ $lower } 至 { $upper }；{ COUNT($customers) } 位顧客的平均）。乘以毛利率，即為獲客成本的上限。
   *[no] 取得一位新顧客最多花 { $value }（{ $lower } 至 { $upper }）：這是前 { DURATION($horizon) }（含首單）的毛利，為 { COUNT($customers) } 位顧客的平均。
    }
now-forecast = 用哪個預測
now-forecast-page = { $both ->
    [yes] 編列預算和為顧客排序都用{ $page }，本頁的數字由它得出。
   *[no] 編列預算用{ $page }，本頁的數字由它得出。
    }
now-forecast-budget = 編列未來 { DURATION($horizon) }的預算用{ $total }{ $has_amount ->
    [yes] ：預計{ $quantity ->
        [money] 消費 { $amount }
       *[purchases] 購買 { $amount } 次
        }，本頁的模型則預計 { $of_page }。
   *[no] 。
    }
now-forecast-ranking = 為顧客排序用{ $ranking }。
now-forecast-others = { $by_it ->
    [yes] 為顧客排序用{ $page }，本頁的其他數字也由它得出。
   *[no] { $same ->
        [yes] 為顧客排序也用它。
       *[no] {""}
        }本頁的其他數字由{ $page }得出。
    }
forecast-named = 「{ $title }」{ $has_gloss ->
    [yes] （{ $gloss }）
   *[no] {""}
    }
forecast-gloss = { $name ->
    [nobody] 誰都不再購買
    [own_rate] 顧客依自己過去的頻率繼續購買
    [past_spend] 顧客依過去的消費繼續，整體按比例縮放
    [population_mean] 每位顧客都以全體平均計算
    [last_period] 顧客重複上一個同樣長的時期
    [hiatus] 沉寂太久的顧客視為流失，其餘照舊
    [seasonal_naive] 顧客重複去年同期
    [boosted_trees] 從您的資料較早時期學習的機器學習
    [blend] 統計模型與機器學習的平均
    [blend_process_total] 統計模型與機器學習的平均，總量取自統計模型
    [blend_learned_total] 統計模型與機器學習的平均，總量從較早時期學得
   *[best] 從您的資料較早的時期學習，各種方法各該採信多少
    }
forecast-gloss-alike = 同一類模型
forecast-gloss-process = 一種統計模型，描述顧客多久買一次{ $leaves ->
    [yes] 、何時流失
   *[no] {""}
    }{ $spends ->
    [yes] 、每次花多少
   *[no] {""}
    }
budget-forecast = 未來 { DURATION($horizon) }，「{ $title }」預計{ $quantity ->
    [money] 消費 { COUNT($expected) }
   *[purchases] 購買 { COUNT($expected) } 次
    }，「{ $page }」預計 { COUNT($of_page) }。「{ $title }」的總量在{ $cutoffs ->
    [1] 檢驗日的誤差為 { SIGNED_PERCENT($lowest) }。
   *[other] { " " }{ COUNT($cutoffs) } 個檢驗日的誤差為 { SIGNED_PERCENT($lowest) } 至 { SIGNED_PERCENT($highest) }。
    }
now-whom = 優先照顧誰
now-whom-text = 排名最前的 { COUNT($customers) } 位顧客（A 級）占{ $kind ->
    [value] 價值
    [revenue] 營收
   *[purchases] 預期購買次數
    }的 { PERCENT($share, places: 0) }。{ $has_list ->
    [yes] 活躍回購顧客中，流失預警名單上有 { COUNT($at_risk) } 位：若其中一些人如預期流失，合計損失 { $money }。
   *[no] {""}
    }
now-next = 下一步
now-next-text = { $has_range ->
    [yes] { $by_budget ->
        [yes] 未來 { DURATION($horizon) }按上述預算用的預測安排，更長的時間依整個區間留出餘地。
       *[no] 以區間下限作為{ $kind ->
            [value] 價值
            [revenue] 營收
           *[purchases] 購買次數
            }的穩妥估計。
        }
   *[no] 預算按過去總量的誤差留出餘地。
    }{ $has_list ->
    [yes] 流失預警名單隨機抽一半聯絡，另一半不聯絡：比較這兩半，才知道聯絡是否有用。
   *[no] {""}
    }等接下來的 { DURATION($horizon) }過去後再做一次報告。
short-table = 與更簡單的預測相比：{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }，{ $cutoffs ->
    [1] 檢驗日
   *[other] { COUNT($cutoffs) } 個檢驗日的平均
    }
short-table-forecaster = 預測方法
short-table-bias = 總量誤差
short-table-size = 總量誤差（不計方向）
short-table-rmse = 每位顧客誤差
short-table-gini = 排序（1 為完美）

value-basis = 由 { $model } 與 { $spend } 對截至 { DATE($end) } 的全部交易紀錄配適：{ $terms }。{ $has_interval ->
    [yes] 總量的 { PERCENT($level, places: 0) } 區間為 { COUNT($lower) } 至 { COUNT($upper) }：涵蓋隨機性與參數的不確定性{ $tested ->
        [yes] ，以及顧客行為的變化（幅度以本交易紀錄與其他商店出現過的為準）。
       *[no] ，但不含顧客行為的變化{ $chosen ->
            [model] 。
           *[history] ：沒有商店能說明這麼遠的總量會差多少。
            }
        }
   *[no] {""}
    }

## 報告：結論、提示與名稱

verdict-question-use = 適合用來做什麼
verdict-question-totals = 總量
verdict-question-ranking = 排序
verdict-question-intervals = 區間
verdict-question-benchmarks = 基準
verdict-question-limits = 不適用於

verdict-evidence-use = 全部預測方法的比較
verdict-evidence-totals = 各時段的總量
verdict-evidence-ranking = 增益與提升
verdict-evidence-intervals = 區間的覆蓋率
verdict-evidence-benchmarks = 全部預測方法的比較
verdict-evidence-limits = 用途與限制

# 用途

verdict-use = { $ranking ->
    [good] 可以用它給顧客排序
    [fair] 可以謹慎地用它給顧客排序
    [poor] 不要用它給顧客排序
   *[none] 沒有可評判的顧客排序
    }；總量{ $totals ->
    [0] { "" }
   *[other] { "" }
    }{ $direction ->
    [low] 最多低了 { PERCENT($error, places: 1) }
    [high] 最多高了 { PERCENT($error, places: 1) }
    [exact] 誤差在 0.1% 以內
    [either] 最多相差 { PERCENT($error, places: 1) }
   *[none] 無法核對
    }
verdict-use-unknown = 證據不足，說不出它適合做什麼。
verdict-budget = { $quantity ->
    [money] 金額請依預測
   *[purchases] 為這些顧客做未來 { DURATION($horizon) }的預算時，購買次數請依預測
    }{ $direction ->
    [more] 上浮 { PERCENT($more, places: 1) } 
    [fewer] 下浮 { PERCENT($fewer, places: 1) } 
    [either] 下浮 { PERCENT($fewer, places: 1) } 至上浮 { PERCENT($more, places: 1) } 
   *[exact] 原值
    }{ $direction ->
    [exact] 編列。
   *[other] { " " }留出餘地。
    }
verdict-budget-basis = { $cutoffs ->
    [1] 這是 { $title } 在唯一一個檢驗過的截止日的誤差；更長的預測期未經檢驗。
   *[other] 這涵蓋 { $title } 在全部 { COUNT($cutoffs) } 個檢驗過的截止日的誤差；更長的預測期未經檢驗。
    }
verdict-recommend = { $quantity ->
    [all] { "" }
    [money] 金額的
   *[purchases] 購買次數的
    }{ $metric ->
    [bias] 總量
   *[gini] 排序
    }請改用「{ $title }」：它明顯更好。
verdict-no-better = { $quantity ->
    [all] { "" }
    [money] 金額的
   *[purchases] 購買次數的
    }{ $metric ->
    [both] 總量與排序
    [bias] 總量
   *[gini] 排序
    }：沒有其他預測方法明顯更好。

verdict-visible =「明顯更好」是指在每個截止日都更好，平均至少好 1%，且超出隨機波動。

# 總量

verdict-totals = { $outcome ->
    [close] 總量接近實際
    [low] 總量偏低
    [high] 總量偏高
    [sometimes-low] 總量有時偏低
    [sometimes-high] 總量有時偏高
    [either] 總量有時偏高，有時偏低
   *[none] 總量無法核對
    }
verdict-total = { $quantity ->
    [money] 金額總量
   *[purchases] { DATE($cutoff) } 之後的 { DURATION($horizon) }，購買總次數
    }{ $direction ->
    [low] 低了 { PERCENT($error, places: 1) }
    [high] 高了 { PERCENT($error, places: 1) }
   *[exact] 誤差在 0.1% 以內
    }：預測 { NUM($predicted, digits: 4) }，實際 { NUM($actual, digits: 4) }。
verdict-total-undefined = { $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }的總量無法核對，因為檢驗期內沒有發生。
verdict-nothing-happened = 檢驗期內沒有購買，因此總量無法核對。
verdict-total-range = 在全部 { COUNT($cutoffs) } 個截止日，{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量{ $direction ->
    [low] { $constant ->
        [yes] 低了 { PERCENT($largest, places: 1) }
       *[no] 低了 { PERCENT($smallest, places: 1) } 至 { PERCENT($largest, places: 1) }
        }
    [high] { $constant ->
        [yes] 高了 { PERCENT($largest, places: 1) }
       *[no] 高了 { PERCENT($smallest, places: 1) } 至 { PERCENT($largest, places: 1) }
        }
    [either] 從低了 { PERCENT($lowest, places: 1) } 到高了 { PERCENT($highest, places: 1) }
   *[exact] 誤差在 0.1% 以內
    }。
verdict-value = { $has_horizon ->
    [yes] 顧客未來 { DURATION($horizon) }的價值
   *[no] 顧客的終身價值
    }合計 { NUM($total, digits: 4) }；預計誤差與此相當。

# 排序

verdict-ranking = { $outcome ->
    [good] 顧客排序良好
    [fair] 顧客排序尚可
    [poor] 幾乎不能給顧客排序
   *[none] 沒有可排的順序
    }
verdict-top-decile = { $quantity ->
    [money] 依金額排名前 10% 的顧客貢獻了金額的 { PERCENT($captured) }
   *[purchases] 排名前 10% 的顧客貢獻了購買次數的 { PERCENT($captured) }
    }{ $best_known ->
    [yes] ；事後最佳的 10% 貢獻了 { PERCENT($best) }。
   *[no] 。
    }
verdict-top-decile-random = 隨機抽取的 10% 顧客只會貢獻 10%。
verdict-nothing-to-rank = 檢驗期內所有顧客表現相同，沒有可排的順序。

# 區間

verdict-intervals = { $outcome ->
    [wide-enough] 區間足夠寬
    [customers-only] 區間對顧客足夠寬，對總量不夠
    [total-only] 區間對顧客太窄
    [too-narrow] 區間太窄
   *[none] 沒有區間
    }
verdict-no-intervals = 這一預測沒有區間，因此不知道它的不確定性。
verdict-coverage = 個別顧客的 { PERCENT($level) } 區間有 { PERCENT($coverage) } 包含了實際購買次數{ $side ->
    [low] ，比例偏低。
    [high] ，偏於保守。
   *[right] 。
    }
verdict-total-interval = { $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量的區間 { NUM($lower, digits: 4) } 至 { NUM($upper, digits: 4) } { $inside ->
    [yes] 包含了
   *[no] 未包含
    }實際的 { NUM($actual, digits: 4) }。
verdict-total-intervals = { $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量的區間在 { COUNT($cutoffs) } 個截止日中有 { COUNT($inside) } 個包含了實際總量。
verdict-interval-widened = 依 { COUNT($earlier) } 個更早截止日的誤差加寬後，購買總次數的區間為 { NUM($lower, digits: 4) } 至 { NUM($upper, digits: 4) }。
verdict-interval-unreliable = 不要引用總量的區間：它涵蓋隨機性，但不涵蓋環境變化。請改為引用總量的誤差。過去的預測太少，說不出區間應加寬多少。
verdict-interval-missed = 總量的區間已計入環境變化（幅度以早期總量的誤差為準），仍未包含實際值。不要只看區間的兩端：做計畫時也要考慮總量的誤差。
verdict-interval-of-process = 以上是購買模型自身的區間，涵蓋隨機性，但不涵蓋環境變化。請改為引用本頁頂部的價值區間：它還涵蓋過去總量的誤差。

# 基準

verdict-benchmarks = { $quantity ->
    [purchases] 購買次數：
    [money] 金額：
   *[all] { "" }
    }{ $kind ->
    [rule] 有一條簡單規則
    [learned] 機器學習
   *[process] 另一個購買模型
    }在{ $metrics ->
    [gini] 排序
    [rmse] 每位顧客誤差
    [bias] 總量
    [gini-rmse] 排序與每位顧客誤差
    [gini-bias] 排序與總量
    [rmse-bias] 每位顧客誤差與總量
   *[gini-rmse-bias] 排序、每位顧客誤差與總量
    }上明顯更好
verdict-not-beaten = 沒有其他預測方法明顯更好
verdict-nothing-to-compare = 沒有可比較的物件
verdict-no-benchmark = 沒有其他預測方法可供比較。
verdict-no-rule-better = 沒有簡單規則在總量、排序或每位顧客誤差上明顯更好。
verdict-better-bias = { $kind ->
    [rule] 簡單規則「{ $title }」
   *[other]「{ $title }」
    }更接近{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量：相差 { PERCENT($value, places: 1) }，而不是 { PERCENT($reference_value, places: 1) }。
verdict-better-gini = { $kind ->
    [rule] 簡單規則「{ $title }」
   *[other]「{ $title }」
    }依{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }給顧客排序更好：達到完美排序的 { PERCENT($value, places: 1) }，而不是 { PERCENT($reference_value, places: 1) }{ $top ->
    [same] ；排名前 10% 的貢獻相同，為 { PERCENT($top_value) }。
    [different] ；排名前 10% 貢獻 { PERCENT($top_value) }，而不是 { PERCENT($top_reference) }。
   *[none] 。
    }
verdict-better-rmse = { $kind ->
    [rule] 簡單規則「{ $title }」
   *[other]「{ $title }」
    }的每位顧客{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }誤差更小：通常為 { NUM($value, digits: 3) }，而不是 { NUM($reference_value, digits: 3) }。
verdict-means = 以上為 { COUNT($cutoffs) } 個截止日的平均；每個差別都大於其波動，且在所有截止日方向相同。

# 限制

verdict-limits = 活動效果、個別顧客、總需求
verdict-limit-campaigns = 不要用它來挑選會被電話或活動打動的顧客：它顯示的是誰本來就可能購買。
verdict-limit-customer = 不要對個別顧客作任何承諾：預測通常相差 { NUM($rmse, digits: 2) } 次購買，而顧客平均購買 { NUM($mean, digits: 2) } 次。
verdict-limit-new-customers = 不要用它規劃總需求：檢驗期內新顧客貢獻了{ $share_size ->
    [tiny] 不到 1%
   *[other] { " " }{ PERCENT($share) }
    } 的購買，而任何預測都不包含他們。
verdict-limit-no-new-customers = 不要用它規劃總需求：任何預測都不包含新顧客。
verdict-limit-season = 不要用它規劃單獨的某一週：它{ $known ->
    [yes] 考慮了季節，但不瞭解將來的促銷
   *[no] 不瞭解季節與促銷
    }。
season-months = { MONTH($first) }至{ MONTH($last) }
season-ahead = 季節：未來三個月（{ season-months }）的購買通常與平均月份相差 { SIGNED_PERCENT($change) }。{ $known ->
    [yes] 本預測已考慮季節。
   *[no] 本預測不瞭解季節：請據此在各月之間調整預算。
    }
season-not-seen = 季節：未來三個月（{ season-months }）從未出現在本交易紀錄中，因此季節對它們有何影響是未知的。
season-not-visible-yet = 季節：交易紀錄只有 { COUNT($months) } 個整月，而從 { COUNT($needed) } 個月起才能把季節與趨勢分開。請把未來三個月（{ season-months }）與去年同期比較。
season-few-purchases = 季節：回購太少，無法比較各月，因此{ season-months }會怎樣是未知的。
season-none = 季節：在 { COUNT($months) } 個月中看不到季節性，因此{ season-months }應與其他月份無異。
verdict-mae = 平均絕對誤差（MAE）只列出，不用於結論：它對每位顧客的中位數預測最小，因此在多數顧客什麼都不買時，它獎勵「預測為零」。
verdict-mae-example = 這裡對每位顧客都預測「零」的 MAE 為 { NUM($zero, digits: 3) }，{ $title } 為 { NUM($mae, digits: 3) }。

# 報告各節

verdict-worst-group = 誤差最大的是{ $by ->
    [frequency] 頻次 { $group }
    [recency] 近度 { $group }
   *[decile] 第 { $group } 十分位組
    }，{ $direction ->
    [low] 偏低
   *[high] 偏高
    }
verdict-worst-decile = { $title } 的預測相差最大的是{ $position ->
    [highest] 預測最高的顧客（第 1 十分位組）
    [lowest] 預測最低的顧客（第 10 十分位組）
   *[between] 預測的第 { $decile } 十分位組
    }：每位顧客預測購買 { FIXED($expected, places: 2) } 次，實際 { FIXED($actual, places: 2) } 次。
verdict-widened = 在最後一個截止日，區間依屆時已結束的 { COUNT($earlier) } 個截止日的誤差加寬。
verdict-not-widened = 沒有區間依早期誤差加寬：這需要到最後一個截止日為止檢驗期已結束的 { COUNT($needed) } 個截止日，而實際有 { COUNT($earlier) } 個。
verdict-fit = 各模型在最後一個截止日對顧客的瞭解。
verdict-fit-range = { $has_interval ->
    [yes] { FIXED($estimate, $places) }（{ FIXED($lower, $places) } 至 { FIXED($upper, $places) }）
   *[no] { NUM($estimate, digits: 3) }
    }
verdict-fit-share = { $has_interval ->
    [yes] { PERCENT($estimate, $places) }（{ PERCENT($lower, $places) } 至 { PERCENT($upper, $places) }）
   *[no] { PERCENT($estimate, $places) }
    }
verdict-fit-time-between = 依 { $title }，購買率為平均水準的活躍顧客每 { verdict-fit-range } { UNIT($unit) }購買一次：{ $alike ->
    [yes] 顧客之間幾乎沒有差別
   *[no] 多數顧客買得更少，少數顧客多得多
    }。
verdict-fit-probability = 依 { $title }，活躍顧客在 { verdict-fit-share } 的購買機會上購買。
verdict-fit-no-dropout = 這些資料看不出流失：依 { $title }，所有顧客仍然活躍，P(alive) 不能區分顧客。
verdict-fit-same-model = { $titles } 都停在這一邊界上：在這裡它們是同一個模型。
verdict-fit-dropout-not-visible = 無人流失的 NBD 模型對資料的描述與 { $title } 一樣好（BIC 相差不超過 { SHORT($bic_limit) }）：這些資料看不出顧客是否流失。
verdict-fit-gone = { $title } 估計，截止日的已知顧客中有 { verdict-fit-share } 已經流失，不會再來。
verdict-fit-one-time-buyers-stay = 在 { $title } 中，只買過一次的顧客不可能已流失，因此它不能說明流失了多少顧客{ $has_other ->
    [yes] 。
   *[no] ：MBG/NBD 與 Pareto/NBD 可以。
    }
verdict-fit-disagreement = 各模型對此看法不一，從 { PERCENT($low) }（{ $low_title }）到 { PERCENT($high) }（{ $high_title }）：這取決於各模型允許顧客在何時流失，而能核對的只有此後的購買。
verdict-fit-dropout-probability = 平均而言，新顧客每次購買後流失的機率為 { verdict-fit-share }。
verdict-fit-lifetime = 一半的新顧客在 { verdict-fit-range } { UNIT($unit) }內停止購買。
verdict-fit-converged = 以下配適全部收斂：估計值附近沒有更能描述資料的參數。
verdict-failure-total = 在最後一個截止日，{ $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量的誤差為 { SIGNED_PERCENT($bias, places: 1) }。
verdict-failure-interval = { $quantity ->
    [money] 金額
   *[purchases] 購買次數
    }總量的區間{ $cutoffs ->
    [1] 未包含實際總量。
   *[other] 在 { COUNT($cutoffs) } 個截止日中有 { COUNT($missed) } 個未包含實際總量。
    }
verdict-no-failures = 未發現失敗之處。
verdict-past-errors = { $cutoffs ->
    [1] 在過去的截止日，{ $title } 對未來 { DURATION($horizon) }的金額總量預測誤差為 { SIGNED_PERCENT($lowest, places: 1) }。
   *[other] 在過去 { COUNT($cutoffs) } 個截止日，{ $title } 對未來 { DURATION($horizon) }的金額總量預測誤差為 { SIGNED_PERCENT($lowest, places: 1) } 至 { SIGNED_PERCENT($highest, places: 1) }。
    }
verdict-past-errors-unknown = 未知：沒有金額總量與實際比較過。
verdict-cautions = 對資料或配適有 { COUNT($cautions) } 項發現需要留意。
verdict-caution-older-customers = 許多顧客是在交易紀錄開始之前獲取的，但所有模型都把他們當作新顧客。
verdict-caution-fit = 配適以「{ $status ->
    [converged] 收斂
   *[boundary] 停在邊界
    }」狀態結束。

## 評分：關卡、監控、登記

gate-reference = { $reference ->
    [run] 截至 { DATE($reference_as_of) } 的執行
    [champion] 現用模型的配適
   *[fit] 配適時
    }
gate-fit-status = { $process } 的配適結束狀態為 { $status }{ $definite ->
    [yes] { "" }
   *[no] ，且概似在那裡平坦或上升
    }{ $passed ->
    [yes] { "" }
   *[no] ；允許的狀態：{ $allowed }
    }
gate-parameters = { $process }：{ $parameter } 為 { NUM($new, digits: 4) }，現用模型為 { NUM($before, digits: 4) }，相差 { FIXED($standard_errors, places: 1) } 個標準誤；{ $passed ->
    [yes] 沒有參數的變動超過
   *[no] 參數的變動不得同時超過
    } { SHORT($limit_errors) } 個標準誤（parameter_errors）與 { PERCENT($limit_change, places: 0) }（parameter_change）。
gate-parameters-other-process = { $process } 未作比較：現用模型屬於另一類。
gate-parameters-other-terms = { $process } 未作比較：其共變數或分組與現用模型不同。
gate-parameters-other-clock = { $process } 未作比較：它以 { $clock } 計時，現用模型以 { $champion_clock } 計時。
gate-order = 本次截至 { DATE($as_of) } 的執行會替換{ $where ->
    [sink] { $sink } 中
   *[manifest] 已發布的
    }截至 { DATE($newest) } 的執行：較早的一天絕不替換較新的一天。
gate-rows-earlier-day = 未比較：{ gate-reference }的資料更新，到 { DATE($reference_as_of) }。
gate-refused = { COUNT($customers) } 位顧客中有 { COUNT($refused) } 位（{ PERCENT($share, places: 2) }）無法評分（refused 上限 { PERCENT($limit, places: 2) }）。
gate-bought-once = { COUNT($customers) } 位顧客共有 { COUNT($repeats) } 次回購（bought_once 要求：顧客達到 { COUNT($limit) } 位時至少一次）。{ $passed ->
    [yes] { "" }
   *[no] 來源是否為每位顧客一列的彙總表，或每張訂單的顧客編號都不同？若店鋪太新、尚無人回購，請設 bought_once = "off"。
    }
gate-rows-lost = 到 { DATE($reference_as_of) } 已購買的顧客有 { COUNT($remaining) } 位，{ $direction ->
    [same] 與
    [fewer] 少 { PERCENT($share, places: 2) }，對比
   *[more] 多 { PERCENT($share, places: 2) }，對比
    }{ gate-reference }：{ COUNT($before) } 位（rows_lost 雙向上限 { PERCENT($limit, places: 2) }）。
gate-rows-gained = { COUNT($customers) } 位顧客，較{ gate-reference } { SIGNED_PERCENT($share, places: 2) }（rows_gained 上限 { SIGNED_PERCENT($limit, places: 0) }）。
gate-drift-allowance = { $purchases_allowed ->
    [yes] { " " }+ 此後有購買的 { FIXED($bought_since, places: 3) }
   *[no] { "" }
    }
gate-drift = 到 { DATE($reference_as_of) } 已購買的顧客的 { $quantity }，與{ gate-reference }相比：PSI { FIXED($psi, places: 3) }{ $psi_checked ->
    [yes] （psi 上限 { SHORT($psi_setting) }{ gate-drift-allowance }）
   *[no] { "" }
    }，KS { FIXED($ks, places: 3) }{ $ks_checked ->
    [yes] （ks 上限 { SHORT($ks_setting) }{ gate-drift-allowance }）
   *[no] { "" }
    }。
gate-total = { $column } 合計 { SHORT($now, digits: 6) }，較截至 { DATE($reference_as_of) } 的執行的 { SHORT($before, digits: 6) } 變化 { SIGNED_PERCENT($change, places: 1) }（total_change 雙向上限 { PERCENT($limit, places: 0) }）。
gate-tiers = 截至 { DATE($reference_as_of) } 已分級的 { COUNT($before) } 位顧客中，{ COUNT($customers) } 位{ $move ->
    [risen] 升到更高等級
   *[fallen] 降到更低等級
    }：{ PERCENT($share, places: 2) }（{ $move ->
    [risen] tier_rises
   *[fallen] tier_falls
    } 上限 { PERCENT($limit, places: 2) }{ $purchases_allowed ->
    [yes] { " " }+ 此後有購買的 { PERCENT($bought_since, places: 2) }
   *[no] { "" }
    }）。
gate-activity = 自配適（{ DATE($fit_as_of) }）以來回購 { COUNT($actual) } 次，較預期的 { COUNT($expected) } 次 { SIGNED_PERCENT($change, places: 1) }（activity 上限 { PERCENT($limit, places: 0) }，另加 { COUNT($standard_error) } 的 { SHORT($limit_errors) } 個標準誤）。
gate-activity-outlived = 配適時（{ DATE($fit_as_of) }）所作的預測到不了這一天，因此無法核對此後的購買（activity）：請重新配適。
gate-freshness = 最新一列為 { DATE($latest) }，距末日 { COUNT($days) } 天；過去一年最長的間斷為 { COUNT($longest) } 天（freshness 上限為其 { SHORT($limit) } 倍）。
gate-daily = { DATE($day) } 有{ $quantity ->
    [rows] { " " }{ SHORT($value, digits: 4) } 列
   *[amounts] 金額中位數 { SHORT($value, digits: 4) }
    }：這一星期幾預期約 { SHORT($expected, digits: 4) }，允許 { SHORT($lowest, digits: 4) } 至 { SHORT($highest, digits: 4) }（{ $quantity ->
    [rows] daily_rows
   *[amounts] daily_amounts
    } 上限：過去一年的範圍乘以 { SHORT($limit) }）。
gate-repeated-rows = { DATE($day) } 的 { COUNT($rows) } 列中，{ PERCENT($share, places: 1) } 與同一顧客、時間、金額的另一列重複；以前至多 { PERCENT($usual, places: 1) }（repeated_rows 上限再加 { PERCENT($limit, places: 0) }）。
gate-late-rows = 自上次執行（{ DATE($reference_as_of) }）以來，日期在其之前的列{ $direction ->
    [gone] 消失了
   *[late] 遲到了
    } { COUNT($late) } 列；此前四週有 { COUNT($usual) } 列（late_rows 上限為其 { PERCENT($limit, places: 0) }）。

refit-forecast = 截至 { DATE($as_of) } 評分的顧客，到 { DATE($end) } 預期購買 { COUNT($predicted) } 次，實際購買 { COUNT($actual) } 次，{ $direction ->
    [same] 與預測相符
    [fewer] 少 { PERCENT($size, places: 1) }
   *[more] 多 { PERCENT($size, places: 1) }
    }（{ FIXED($errors_size, places: 1) } 個標準誤）。
refit-unknown = 為時尚早：沒有一次執行在其後的時間裡預期有 { SHORT($least) } 次購買。
refit-needed = 請重新配適：{ refit-forecast }
refit-needed-since = 請重新配適：{ refit-forecast }自 { DATE($since) } 以來每次執行都是如此。
refit-not-needed = 無需重新配適：{ refit-forecast }
refit-watch-cohorts = 就總量而言無需重新配適，但部分同類群組有漂移：{ refit-forecast }
refit-watch-intervals = 就總量而言無需重新配適，但只有 { PERCENT($coverage, places: 1) } 的顧客落在其 { PERCENT($level, places: 0) } 區間內：{ refit-forecast }
refit-cohort = 首購於 { $cohort } 的顧客到 { DATE($end) } 購買 { COUNT($actual) } 次，較預測的 { COUNT($predicted) } 次 { SIGNED_PERCENT($change, places: 1) }。
refit-saw-future = { COUNT($runs) } 次過去的執行未作比較：其模型是對較晚的資料配適的。
monitor-tiers = { DATE($earlier_as_of) } 已有分級的 { COUNT($customers) } 位顧客中，到 { DATE($as_of) } 有 { PERCENT($risen, places: 1) } 升級、{ PERCENT($fallen, places: 1) } 降級；其間 { PERCENT($bought, places: 1) } 有購買。
monitor-feed = 截至 { DATE($as_of) }，交易紀錄最新一列為 { DATE($latest) }（{ COUNT($days) } 天前）；末日有 { COUNT($rows) } 列，這一星期幾通常約 { SHORT($expected, digits: 4) } 列。
monitor-feed-young = 截至 { DATE($as_of) }，交易紀錄最新一列為 { DATE($latest) }（{ COUNT($days) } 天前）；末日有 { COUNT($rows) } 列。
refit-left-out = { COUNT($windows) } 個未結束的預測期未計入：其模型不在登錄表中，或除頻次、近度與 T 之外還需要別的資料。

score-no-money = 來源沒有金額，因此只預測購買次數
score-other-forecaster = 任務中 { $setting } = "{ $named }"，但評分所用的模型是以 "{ $used }" 擬合的：若要用 "{ $named }" 評分，請重新擬合該任務；否則請設 { $setting } = "{ $used }"
score-read-recent = 只讀取了 { DATE($since) } 及以後的 { COUNT($rows) } 列，並加到以前執行留下的狀態上
score-read-full = 讀取了整份交易紀錄{ $reason ->
    [asked] ，因為指定了這樣做
    [first] ；下次執行只讀取最近的列
    [damaged] ，因為以前執行留下的狀態已損毀
    [settings] ，因為以前執行留下的狀態屬於另一來源、其他設定或另一版本
    [windows] ，因為預測方法要看的最近天數多於以前執行留下的狀態
    [older-day] ，因為該日期早於現有狀態可用的日期
    [older-rows] ，因為重疊期之前有 { COUNT($days) } 天的列數變了（最早：{ DATE($day) }）
    [no-rows] ，因為在現有狀態所到的那一天之後沒有任何列
    [faults] ，因為最近的列需要與其他所有列一起檢查
    [model] ，因為模型需要所有購買
   *[backfill] ，因為補評分不使用狀態
    }

## 決策：分級、區隔、名單

tiers-made = { COUNT($customers) } 位顧客分為 { COUNT($tiers) } 層；{ $tier } 占顧客的 { PERCENT($share, places: 1) }、價值的 { PERCENT($value_share, places: 1) }
tiers-probability = { $tier } 層的顧客在預測期內仍排在該層的平均機率為 { PERCENT($probability, places: 0) }
tiers-no-value = { COUNT($customers) } 位顧客沒有價值，也不屬於任何層
tiers-negative = { COUNT($customers) } 位顧客的價值低於零，因此其餘顧客的合計超過全部
tiers-empty = { $names } 沒有顧客
tiers-changed = 已公佈分級的 { COUNT($customers) } 位顧客中，{ PERCENT($share, places: 1) } 變了級；若只看今天的價值，會有 { PERCENT($today, places: 1) }
tiers-other-terms = 中位顧客今天的價值為已公佈價值的 { NUM($ratio, digits: 3) } 倍，例如毛利率或貨幣不同，因此已公佈的價值無法說明誰上升了：顧客的價值高於邊界 3% 時才上升
tiers-new-and-lost = { COUNT($customers) } 位顧客為新增，{ COUNT($lost) } 位已不在價值表中

segments-made = { COUNT($customers) } 位顧客分為 { COUNT($segments) } 個區隔；最大的 { $name } 占 { PERCENT($share, places: 1) }
segments-volume = { COUNT($customers) } 位顧客（{ PERCENT($share, places: 1) }）為 { $name }：其購買次數占全部的 { PERCENT($share_of_purchases, places: 1) }
segments-status = { COUNT($customers) } 位顧客中，{ COUNT($new) } 位為新顧客，{ COUNT($repeat) } 位有再購，{ COUNT($lapsed) } 位已停購
stages-relationship = { COUNT($acquire) } 位顧客只購買過一次，處於獲取階段；{ COUNT($manage) } 位需要經營；{ COUNT($retain) } 位需要挽留{ $listed ->
    [0] { "" }
   *[other] ；名單上的 { COUNT($listed) } 位潛在顧客中，{ COUNT($attract) } 位仍待吸引
    }
stages-made = { COUNT($customers) } 位顧客中，{ COUNT($overdue) } 位逾期未購，{ COUNT($lost) } 位很可能已流失，{ COUNT($won_back) } 位已挽回
data-segments-found = { COUNT($customers) } 位顧客分為 { COUNT($segments) } 個區隔，在其他顧客中也能重新找到（一致度 { FIXED($agreement, places: 2) }；無結構時為 { FIXED($reference, places: 2) }）
data-segments-none = 這裡沒有區隔：從 2 到 { COUNT($most) } 的任何數目，都不比無結構時更容易重新找到
data-segments-too-few = 沒有區隔：{ COUNT($customers) } 位顧客；至少要有 { COUNT($fewest) } 位在這些欄位上不同的顧客才能看出區隔
data-segments-given = { COUNT($customers) } 位顧客分為 { COUNT($segments) } 個區隔；未檢驗資料是否支持這個數目
data-segments-constant = { $names }：所有顧客都相同，因此不起區分作用
data-segments-missing = { COUNT($customers) } 位顧客沒有 { $name }；{ $kind ->
    [text] 該處「缺失」自成一個值
   *[other] 該處以中位數計
    }
crosstab-made = { COUNT($customers) } 位顧客分布在 { COUNT($cells) } 個儲存格；另有 { COUNT($empty) } 個為空
crosstab-suppressed = 隱去 { COUNT($cells) } 個儲存格（{ COUNT($customers) } 位顧客）：少於 { COUNT($least) } 位，或可由合計推出
segments-checked = { $segment } 的 { COUNT($customers) } 位顧客貢獻了後來消費的 { PERCENT($share, places: 1) }；依歷史消費取同樣多的顧客貢獻 { PERCENT($share_past_spend, places: 1) }，依 RFM 評分為 { PERCENT($share_rfm_sum, places: 1) }
actions-list = { $name }：{ COUNT($customers) } 位顧客，涉及毛利 { COUNT($money) }
audit-currency = 金額以 { CURRENCY($currency) } 計
audit-change = { $period } 營收為 { FIXED($revenue, places: 2) }，{ $earlier } 為 { FIXED($before, places: 2) }
audit-largest-group = 依顧客拆分，變化主要來自 { LOCAL($part) }（{ FIXED($amount, places: 2) }）
audit-largest-driver = 依因素拆分，主要來自 { LOCAL($part) }（{ FIXED($amount, places: 2) }）
audit-concentration = { $period } 營收最高的 20% 顧客貢獻了 { PERCENT($share, places: 1) }
audit-incomplete = 交易紀錄未完整涵蓋 { $names }，不與完整時段比較
plan-made = 接觸 { COUNT($customers) } 位顧客，費用 { FIXED($cost, places: 2) }，假設收益 { FIXED($gain, places: 2) }；對照組 { COUNT($control) } 位，不打擾 { COUNT($suppressed) } 位
plan-assumed = 收益建立在假設的額外訂單上：在依賴它之前，請與對照組比較
plan-partly-tested = 收益所依據的額外訂單，{ COUNT($rules) } 條規則中有 { COUNT($tested) } 條經過檢驗，其餘是假設：在依賴它之前，請與對照組比較
plan-tested = 收益所依據的額外訂單，全部 { COUNT($rules) } 條規則都經過檢驗
plan-expired = { COUNT($rules) } 條規則的檢驗已過期：請重新檢驗
plan-no-control = 沒有對照組，因此無從得知行動帶來了什麼
nobody-leaves = 模型看不到任何顧客流失：所有顧客的 P(alive) 都高於 99%，因此這裡無法說明誰可能已流失。請擬合其他過程或更長的交易紀錄
actions-not-tested = 涉及的金額並不是行動能帶來的金額：請保留對照組並加以檢驗
experiment-assigned = { COUNT($units) } 個單位，分為 { COUNT($strata) } 層，其中 { COUNT($control) } 個為對照組
experiment-small-strata = { COUNT($units) } 個單位所在的層不足 { COUNT($fewest) } 個單位，已合併為一層
experiment-late = { COUNT($units) } 個單位不在先前的分組中，單獨作為一層
experiment-units-needed = 需要 { COUNT($units) } 個單位才能顯示每單位 { SHORT($effect, digits: 3) } 的效果；若不作調整，需要 { COUNT($without) } 個
experiment-smallest-effect = { COUNT($units) } 個單位能以 { PERCENT($power, places: 0) } 的機率顯示每單位 { SHORT($effect, digits: 3) } 的效果
experiment-explained = 事前已知的資訊解釋了結果變異的 { PERCENT($share, places: 0) }
experiment-effect = { $shown ->
    [yes] 該措施使每單位的結果改變了 { SHORT($effect, digits: 3) }
   *[other] 估計效果為每單位 { SHORT($effect, digits: 3) }
    }（{ PERCENT($confidence, places: 0) } 區間 { SHORT($lower, digits: 3) } 至 { SHORT($upper, digits: 3) }），未實施時為 { SHORT($control_mean, digits: 3) }；實施組 { COUNT($treated) } 個單位，對照組 { COUNT($control) } 個，合計 { SHORT($total_effect, digits: 4) }
experiment-not-shown = { PERCENT($confidence, places: 0) } 區間包含 0：尚不能說明該措施是否有作用，但這並不等於沒有作用
experiment-one-unit = 一個單位（{ $unit }，{ FIXED($outcome, places: 2) }）占結果變異數的 { PERCENT($share) }：請先扣除退貨和取消的訂單，或在下次實驗前聲明 winsorize=
experiment-absent = { COUNT($customers) } 位顧客不在結果表中，以 0 計
experiment-early-look = 這是在計畫時間的 { PERCENT($share, places: 0) } 時的查看：區間因此較寬，以確保之後的查看仍然可信
experiment-parts = 分別查看了 { COUNT($parts) } 個部分的效果：其中最大的一個平均而言偏高，依賴它之前請再檢驗一次
experiment-parts-left-out = 以下部分的某一組單位過少，無法比較：{ $parts }
scorecard-made = { COUNT($customers) } 位顧客依 { COUNT($dimensions) } 個構面的 { COUNT($indicators) } 個指標評分
scorecard-effective = 這些指標的變化相當於 { FIXED($count, places: 1) } 個互不相關的指標
scorecard-absent = 表中沒有 { $names } 的欄位，評分未納入它
scorecard-missing = { COUNT($customers) } 位顧客沒有 { $name }；該項{ $rule ->
    [worst] 以最低分計
   *[other] 以中位數的得分計
    }
scorecard-constant = { $names }：所有顧客相同，因此不區分任何人
scorecard-same = { $names } 幾乎相同（相關係數 { FIXED($correlation, places: 2) }），所衡量的內容被重複計算
scorecard-consistent = { $name ->
    [between] 各構面
   *[other] { $name }
    }的成對判斷彼此一致（一致性比率 { FIXED($ratio, places: 2) }）
scorecard-inconsistent = { $name ->
    [between] 各構面
   *[other] { $name }
    }的成對判斷相互矛盾（一致性比率 { FIXED($ratio, places: 2) }，高於 0.1）：請重新檢查
scorecard-sensitive = 任一權重變動 10% 時，{ PERCENT($share, places: 1) } 的顧客會換層；單項影響最大的是 { $name }（{ PERCENT($most, places: 1) }）
scorecard-learned-here = 權重是從這項結果中學得的；比較時使用由其他顧客學得的權重。請儲存定義，並在之後的期間檢驗
scorecard-better = 評分對結果的排序優於單獨使用 { $name }：基尼係數 { FIXED($gini, places: 3) } 對 { FIXED($other, places: 3) }（差異 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-no-better = 評分對結果的排序並不優於單獨使用 { $name }：基尼係數 { FIXED($gini, places: 3) } 對 { FIXED($other, places: 3) }（差異 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-worse = 評分對結果的排序不如單獨使用 { $name }：基尼係數 { FIXED($gini, places: 3) } 對 { FIXED($other, places: 3) }（差異 { FIXED($lower, places: 3) } 至 { FIXED($upper, places: 3) }）
scorecard-not-judged = 尚未檢驗評分對後來金額的排序是否優於單獨使用預測價值
accounts-made = { COUNT($all) } 個帳戶中有 { COUNT($accounts) } 個關鍵帳戶，占最近 { $window } 消費的 { PERCENT($share, places: 1) }
accounts-none = 沒有帳戶符合規則
accounts-merged = 交易紀錄中的 { COUNT($customers) } 位顧客組成 { COUNT($accounts) } 個帳戶
accounts-not-in-log = 帳戶表中有 { COUNT($customers) } 位顧客在交易紀錄中沒有購買
accounts-largest = 若 { $name } 離開，將失去{ $basis ->
    [expected] 所有帳戶預期毛利
   *[past] 最近 { $window } 消費
    }的 { PERCENT($share, places: 1) }
accounts-concentrated = 消費的集中程度相當於由 { FIXED($count, places: 0) } 個相等的帳戶貢獻
accounts-falling = { COUNT($all) } 個關鍵帳戶中有 { COUNT($accounts) } 個的消費不到之前 { $window } 的一半
accounts-no-trend = 交易紀錄未涵蓋之前的 { $window }，因此沒有趨勢
accounts-probably-gone = { COUNT($all) } 個關鍵帳戶中有 { COUNT($accounts) } 個很可能已流失（P(alive) 低於 50%）
accounts-no-model = 沒有購買與消費模型時，依賴程度以過去消費計算，風險未知

## 文字如何拼接

between-sentences = { "" }
between-items = { "、" }
full-stop = 。
cell-yes = 是
cell-no = 否
cell-range = { $lower } 至 { $upper }
cell-none = 無
label-and-text = { $label }：{ $text }
label-with-unit = { $label }（{ $unit }）

## 報告：頁面

page-contents = 目錄
page-glance = 概覽
page-actions = 該做什麼
page-verdict = 可信嗎？
page-details = 詳情
page-can-be-used = 這些數字可以用嗎？
page-cautions = 提示
page-grades = 評級的含義
page-who-matters = 哪些顧客重要
page-who-holds = { $kind ->
    [value] 價值
    [revenue] 營收
   *[purchases] 購買次數
    }由誰貢獻
page-who-tier = 等級
page-who-interval = 90% 區間
page-tiers-file = { $kind ->
    [purchases] 每位顧客的等級與預期購買次數
   *[other] 每位顧客的等級與價值
    }（CSV）
page-whom = 優先照顧誰
page-who-number = 人數
page-who-value = { $kind ->
    [value] 價值
    [revenue] 營收
   *[purchases] 購買次數
    }{ $has_currency ->
    [yes] （{ CURRENCY($currency) }）
   *[no] { "" }
    }
page-who-share = 占比
sheet-findings = 發現
sheet-heading = { $name ->
    [what] 項目
    [number] 數值
    [lower] 下限
    [upper] 上限
    [text] 說明
    [tier] 等級
    [customers] 顧客數
    [value] 價值
    [share] 占比
    [list] 名單
    [stake] 涉及金額
    [purchases] 預期購買次數
    [purchases-at-stake] 涉及購買次數
    [code] 代碼
    [severity] 程度
    [figures] 數字
   *[none] { "" }
    }
page-next-steps = 下一步
page-budget = 用哪個預測，預留多少餘地
page-in-full = 完整說明
page-evidence = 依據：{ $evidence }
page-print-details = 列印時包含詳情
page-glossary = 術語表
page-scroll = 向右滑動查看更多欄 →
site-title = { $has_name ->
    [yes] { $name } 的報告
   *[no] 報告
    }
site-about = 共 { COUNT($reports) } 份報告。價值為當時全部顧客的價值，也會隨顧客數成長。
site-end = 訂單截至
site-customers = 顧客數
site-value = 顧客價值
site-interval = 90% 區間
site-bias = 上次檢驗的總量偏差
site-coverage = 落在 90% 區間內的顧客
site-level = 總量
site-ranking = 排序
site-data = 資料
grade-word-good = 良好
grade-word-fair = 尚可
grade-word-poor = 不佳
grade-word-none = 未檢驗
page-filter = 篩選列
page-columns = 要複製的欄
page-all-columns = 所有欄
page-copy = 複製為 CSV
page-copied = 已複製
page-sort = 依此欄排序
page-about = { COUNT($customers) } 位顧客在未來 { DURATION($horizon) }會購買多少次？購買時點模型 { $title } 在{ $cutoffs ->
    [1] 截止日 { $days } 
   *[other] { " " }{ COUNT($cutoffs) } 個截止日（{ $days }）
    }作出預測，未看到此後的任何資料。本頁把它的預測與顧客的實際行為作比較。{ $sampled ->
    [yes] 這些顧客是 { COUNT($of) } 位顧客的樣本，因此檢驗中的總量小於全部顧客的總量。
   *[no] {""}
    }

## 報告：名稱

quantity-name = { $quantity ->
    [purchases] 購買次數
   *[money] 金額
    }
quantity-title = { $quantity ->
    [purchases] 購買次數
    [revenue] 全部顧客的收入
   *[money] 金額
    }
forecaster-revenue-forecast = 收入預測（含未來顧客）
forecaster-revenue-year-before = 去年同期的收入
forecaster-revenue-before = 此前同樣長時間的收入
forecaster-zero = 零
forecaster-own-rate = 沿用自身購買率
forecaster-past-spend = 依歷史消費比例
forecaster-population-mean = 總體平均
forecaster-last-period = 重複上一期
forecaster-hiatus = 沉寂規則
forecaster-seasonal-naive = 去年同期
forecaster-boosted-trees = 提升樹
forecaster-blend = 混合預測
forecaster-blend-process-total = 混合預測（模型總量）
forecaster-blend-learned-total = 混合預測（學習總量）
forecaster-best = 最佳預測方法
summary-mean-purchase-rate = 平均購買率
summary-mean-time-between-purchases = 平均購買間隔
summary-mean-purchase-probability = 平均購買機率
summary-mean-dropout-probability = 平均流失機率
summary-mean-dropout-rate = 平均流失率
summary-median-lifetime = 壽命中位數
summary-share-gone = 已流失占比
unit-of-time = { UNIT($unit) }
unit-of-rate = 每{ UNIT($unit) }
group-no-repeat = 無回購
suitability = { $suitability ->
    [good] 適合
    [possible] 可考慮
   *[poor] 不適合
    }
clock-name = { $discrete ->
    [yes] 以自然{ UNIT($unit) }計，每{ UNIT($unit) }為一次購買機會
   *[no] 以{ UNIT($unit) }計，同一{ UNIT($merge_within) }內的購買合併為一次
    }{ $has_zone ->
    [yes] ，時區 { $zone }
   *[no] { "" }
    }

## 報告：術語表

glossary-cutoff = 截止日、校準期、檢驗期
glossary-text-cutoff = 模型用截止日之前（校準期）的購買配適；其後的檢驗期只用來核對預測。
glossary-forecast = 截止日的預測
glossary-text-forecast = 模型依據每位顧客到截止日為止的歷史，預期其後的購買。
glossary-expected = 僅憑首購日期的預期
glossary-text-expected = 配適後的模型對首購日期相同的新顧客所預期的購買，不考慮他們後來買了什麼。
glossary-rules = 簡單規則
glossary-text-rules =「零」：沒有顧客再購買。「沿用自身購買率」：每位顧客過去的回購率或消費速度保持不變。「依歷史消費比例」：顧客保持其在過去每週消費中的占比（含首單），總量取自上一條規則。「總體平均」：每位顧客依平均速度購買。「重複上一期」：每位顧客重複上一個同樣長的時期。「沉寂規則」：沉寂時間超過學到的閾值的顧客視為流失，其餘照舊。「去年同期」：總量等於去年同樣幾週。
glossary-learned = 提升樹、混合預測
glossary-text-learned =「提升樹」：用截止日之前的早期視窗訓練的機器學習模型（梯度提升）。「混合預測」：提升樹與在這些視窗中表現最好的購買模型的平均；「模型總量」把它縮放到該模型的總量，「學習總量」縮放到早期視窗所提示的總量。
glossary-bias = 總量誤差（偏差）
glossary-text-bias = 預測總量相對於實際總量：−10% 表示預測低了 10%。零為最佳。
glossary-gini = 正規化吉尼係數
glossary-text-gini = 預測把顧客從優到劣排得多好：1 為完美排序，0 為隨機。它不看總量。
glossary-spearman = 斯皮爾曼相關
glossary-text-spearman = 全部顧客的預測與實際之間的等級相關係數，最大為 1。
glossary-rmse = RMSE、MAE
glossary-text-rmse = 每位顧客的均方根誤差與平均絕對誤差。越低越好；RMSE 更看重大的誤差。
glossary-top = 前 10%、提升度、重合率
glossary-text-top = 預測最高的 10% 顧客貢獻的總量占比；他們的平均數為總體平均的多少倍；以及預測的頭部顧客中有多少確實屬於實際的頭部顧客。
glossary-scores = 對數得分、CRPS、Brier、對數損失
glossary-text-scores = 對整個預測分配的評分（對數得分：越高越好；CRPS：越低越好），以及對再次購買機率的評分（Brier、對數損失：越低越好）。平均而言，真實機率的得分最佳。
glossary-interval = 區間、覆蓋率、PIT
glossary-text-interval = 90% 區間應包含十分之九的結果；覆蓋率是實際包含的比例。PIT 是每個結果在其預測分配中的位置，因購買次數為整數而作隨機化；直方圖平坦即為正確。
glossary-alive = P(alive)
glossary-text-alive = 模型給出的顧客仍然活躍的機率。顧客流失時不會告知，因此它無法直接觀察。
glossary-value = 顧客終身價值
glossary-text-value = 預測期內預期購買的現值：毛利率 × 預期客單價 × 折現後的購買次數。
glossary-likelihood = 對數概似、AIC、BIC
glossary-text-likelihood = 模型的配適度。AIC 與 BIC 對參數個數加以懲罰；越低越好。只能在相同資料上比較。
fit-status = { $status ->
    [converged] 收斂
   *[boundary] 停在邊界
    }

## 報告：資料

data-title = 資料
data-lead = { DATE($cutoff) } 已有 { COUNT($customers) } 位顧客，其中 { PERCENT($once) } 只買過一次。模型沒有看到這一天之後的任何資料，因此可用其後的資料核對預測。
data-term-customers = 顧客
data-term-calibration = 校準期
data-term-holdout = 檢驗期
data-term-new = 新顧客
data-term-left-out = 未計入的列
data-term-sample = 樣本
data-term-log = 交易紀錄
data-term-time = 時間
data-sample = 最後一個截止日已知的 { COUNT($of) } 位顧客中的 { COUNT($sample) } 位，按編號抽取。檢驗中的所有數字，包括總量及其區間，都是樣本的；價值、等級和名單則涵蓋全部顧客。
data-customers = { COUNT($customers) } 位，首次購買不晚於 { DATE($cutoff) }
data-calibration = { $has_start ->
    [yes] { DATE($start) } 至
   *[no] 至
    } { DATE($cutoff) }：回購 { COUNT($purchases) } 次；{ PERCENT($once, places: 1) } 的顧客只買過一次。模型沒有看到此後的任何資料。
data-holdout = { DATE($cutoff) } 之後，至 { DATE($end) }（{ $length } { UNIT($unit) }）：其中 { PERCENT($again, places: 1) } 的顧客購買 { COUNT($purchases) } 次{ $has_spend ->
    [yes] ，消費 { COUNT($spend) }（{ log-currency }）
   *[no] { "" }
    }
data-no-new-customers = 無：檢驗期內的所有顧客在截止日之前都購買過
data-new-customers = 檢驗期內有 { COUNT($customers) } 位顧客，購買 { COUNT($purchases) } 次{ $has_spend ->
    [yes] ，消費 { COUNT($spend) }
   *[no] { "" }
    }。截止日的任何預測都不可能包含他們，他們也不計入任何評分。
data-rows-later = { COUNT($later) } 列晚於 { DATE($end) }
data-rows-without-id = { COUNT($without_id) } 列沒有顧客編號
data-rows = { $parts }
data-rows-and-cleaning = { $any ->
    [yes] { $parts }
   *[no] 清洗後的交易紀錄無
    }；清洗時（見其表格）{ $cleaning }
data-no-missing-ids = 沒有因缺少顧客編號而剔除的列
data-missing-ids = 剔除沒有顧客編號的 { COUNT($rows) } 列（{ PERCENT($share, places: 1) }{ $has_money ->
    [yes] ，占金額的 { PERCENT($money, places: 1) }
   *[no] { "" }
    }）
log-currency = 依交易紀錄的幣別

cleaning-table = 清洗：交易紀錄每一列的去向
cleaning-column-rule = 規則（依順序）
cleaning-column-rows = 列數
cleaning-column-changed = 有改動
cleaning-column-money = 金額
cleaning-note-sum = 輸入的列數等於保留的列數加上其間各規則去掉的列數；金額亦然。
cleaning-note-changed =「有改動」指保留下來但金額改變或加了標記的列或訂單。
cleaning-note-unlisted = 沒有命中任何列的規則不列出。

profile-title = 交易紀錄輪廓
profile-scope = 輪廓涵蓋整個交易紀錄，包括檢驗期，因此比例可能與上文不同。
profile-which-models = 哪些模型適合這些資料
profile-term-intertimes = 購買間隔
profile-term-regularity = 規律性
profile-term-arrivals = 首次購買
profile-term-season = 季節性
profile-term-opportunities = 購買機會
profile-term-money = 金額

picture-weekly = 每週購買次數
picture-text-weekly = 依自然週的購買次數折線：全部、回購與新顧客，共 { COUNT($weeks) } 週。最高為 { COUNT($most) } 次，在始於 { DATE($start) } 的一週。
picture-season = { $detected ->
    [yes] 季節性
   *[no] 季節性：未發現
    }
picture-text-season = 依自然月的購買長條圖，以平均月的倍數表示。{ $month } 月最高，為 { FIXED($index, places: 2) } 倍。
picture-times-between = 購買間隔
picture-text-times-between = 同一顧客相鄰兩次購買間隔的直方圖。{ $text }

cohort-table = 獲客同類群組：檢驗期的購買次數，實際值與 { $title } 的預測
cohort-first-purchase = 首次購買
cohort-customers = 顧客數
cohort-actual = 實際
cohort-forecast = 預測
cohort-error = 總量誤差

## 報告：校準

calibration-title = 校準
calibration-lead = 如果相似顧客組成的各組購買了所預測的次數，預測就是校準的。實心點為實際值，空心點為預測，豎條為該組的區間：實心點落在豎條之外即為未命中。
calibration-intervals = 機率與區間
calibration-reliability = 再次購買機率為 30% 的顧客中，應有 30% 購買。十個結果中應有九個落在其 90% 區間內。並且，各結果應均勻分配在其預測分配上。
calibration-totals = 各時段的總量
calibration-tracking = 模型用 { DATE($cutoff) } 截止日之前的購買配適；其後，圖中比較預測與實際購買。色帶表示隨機性與參數帶來的不確定性。

frequency-table = 檢驗期每位顧客購買次數，依截止日前的回購次數分組
frequency-repeat-purchases = 回購次數
frequency-customers = 顧客數
frequency-actual = 實際
coverage-table = { PERCENT($level) } 區間的實測覆蓋率，依預測的十分位組
coverage-decile = 十分位組
coverage-decile-name = { $decile }{ $highest ->
    [yes] （最高）
   *[no] { "" }
    }
coverage-note = 購買次數是整數，因此正確的區間包含結果的比例會高於其名義水準：在幾乎無人購買之處，0 至 0 的區間幾乎總是對的。
total-table = 各截止日的總量：{ $title } 的預測及其 { PERCENT($level) } 區間
total-of = { quantity-name }，{ $cutoff }
total-result = { $inside ->
    [yes] 區間內
   *[no] 區間外
    }
total-basis = 區間涵蓋隨機性與參數的不確定性{ $basis ->
    [history] ，以及環境變化（以本交易紀錄早期時段和其他商店的總量誤差為準）。
    [other_shops] ，以及環境變化（以其他商店的總量誤差為準）。
   *[model] ，但不涵蓋環境變化。
    }
total-heading-quantity = 指標，截止日
total-heading-forecast = 預測
total-heading-interval = 區間
total-heading-actual = 實際
total-heading-result = 結果
total-heading-widened = 依早期誤差加寬

picture-by-group = { $by ->
    [frequency] 依以往頻次的預測與實際
    [recency] 依近度的預測與實際
   *[decile] 依預測十分位組的預測與實際
    }
picture-text-by-frequency = 檢驗期每位顧客購買次數，依截止日前的回購次數分組。從{ $first }，到{ $last }。全部數字見下表。
picture-text-frequency = 回購 { $frequency } 次者實際 { FIXED($actual, places: 2) }、{ $forecasts }
picture-text-forecast = { $title } 預測 { FIXED($expected, places: 2) }
picture-text-by-group = 檢驗期每位顧客購買次數，實際與預測，從{ $first }到{ $last }。
picture-text-group =「{ $group }」組的實際 { FIXED($actual, places: 2) }、預測 { FIXED($expected, places: 2) }
picture-reliability = 再次購買的機率，預測與實際
picture-text-reliability = { $names } 依預測機率分組的實際購買顧客占比。第一個模型：從預測 { PERCENT($first_predicted) }、實際 { PERCENT($first_actual) } 到預測 { PERCENT($last_predicted) }、實際 { PERCENT($last_actual) }。
picture-coverage = 落在 { PERCENT($level) } 區間內的結果：{ PERCENT($low) } 至 { PERCENT($high) }
picture-text-coverage = 購買次數落在其 { PERCENT($level) } 區間內的顧客占比，依預測的十分位組：從 { PERCENT($low) } 到 { PERCENT($high) }。
picture-pit = 結果在預測分配中的位置（平坦為正確）
picture-text-pit = 隨機化 PIT 的直方圖，共 { $bins } 格，預測正確時為平坦：對 { $title }，最低一格占顧客的 { PERCENT($lowest, places: 1) }，最高一格占 { PERCENT($highest, places: 1) }，正確時各為 { PERCENT($right, places: 1) }。
picture-incremental = 每{ UNIT($period) }回購次數
picture-text-incremental = 每{ UNIT($period) }回購次數折線，{ DATE($start) } 至 { DATE($end) }。實際最高為 { COUNT($most) } 次，在停在 { DATE($when) } 的一{ UNIT($period) }。
picture-cumulative = 累計回購次數
picture-text-cumulative = 累計回購次數折線，{ DATE($start) } 至 { DATE($end) }。期末實際 { COUNT($actual) } 次；{ $title }：截止日預測 { COUNT($forecast) } 次，僅憑首購日期預期 { COUNT($expected) } 次。
picture-totals = 各截止日的{ quantity-name }總量{ $intervals ->
    [0] { "" }
   *[other] ：{ $title } 的區間在 { $intervals } 次中包含 { $inside } 次
    }
picture-text-totals = { $cutoffs } 個截止日的預測總量誤差及其區間，以占實際總量的百分比表示：{ $intervals } 個區間中有 { $inside } 個包含它。

## 報告：排序

ranking-title = 排序
ranking-lead = 要決定先照顧哪些顧客，只看他們的排序。這個排序並不顯示活動會打動誰。曲線把它與不排序（對角線）、事後的完美排序以及最好的基準作比較。
overlap-cell = 命中 { PERCENT($right) }，占全部 { PERCENT($made) }
overlap-table = { quantity-title }：預測最高的顧客與實際頭部顧客的比較
overlap-forecaster = 預測方法
overlap-top = 前 { PERCENT($top) }
overlap-note = 命中：其中有多少屬於{ quantity-name }最多的同樣人數的顧客。占全部：他們在全部{ quantity-name }中的占比。
overlap-share = 前 { PERCENT($top) } 命中 { PERCENT($share) }
between-reasons = { "；" }
picture-gain = { quantity-title }：排名前 10% 的顧客貢獻 { PERCENT($captured) }
picture-text-gain = { $forecasters } 種預測方法的增益曲線。正規化吉尼係數：{ $gini }。
picture-lorenz = { quantity-title }：顧客之間有多不均{ $known ->
    [yes] ；前 10% 實際貢獻 { PERCENT($actual) }，預測 { PERCENT($expected) }
   *[no] { "" }
    }
picture-text-lorenz = 羅倫茲曲線，實際值與 { $names } 的預期：最少的顧客合計占總量的占比。
picture-lift = { quantity-title }：第一十分位組為平均的 { FIXED($first, places: 1) } 倍
picture-text-lift = 每位顧客{ quantity-name }的長條圖，以平均的倍數表示，依 { $title } 預測的十分位組：從第一組的 { FIXED($first, places: 1) } 到最後一組的 { FIXED($last, places: 1) }。
picture-overlap = { quantity-title }：{ $share }
picture-text-overlap = { $title } 預測最高的顧客中屬於實際頭部的占比：{ $shares }。

## 報告：金額

money-title = 金額
money-lead = 顧客的價值等於預期購買次數乘以預期客單價。消費模型假定兩者相互獨立；若不獨立，購買最頻繁的顧客的價值會有偏差。
money-independence = 消費與頻次
money-tail = 尾部
picture-spend = 客單價：實際觀察與 { $title }
picture-text-spend = 顧客平均客單價的直方圖與模型曲線。最大的一組占顧客的 { PERCENT($observed, places: 1) }，在 { NUM($lower, digits: 4) } 與 { NUM($upper, digits: 4) } 之間，模型在此為 { PERCENT($expected, places: 1) }。
picture-money-decile = 依十分位組的金額：預測與實際
picture-text-money-decile = 檢驗期每位顧客金額，依 { $title } 預測的十分位組：第一組預測 { FIXED($expected, places: 2) }、實際 { FIXED($actual, places: 2) }。
value-terms-unknown = 依傳給 lifetime_value 的預測期、折現率與毛利率計算；其結果表未列出它們。
picture-value = 價值由誰貢獻：前 { PERCENT($top) } 占 { PERCENT($share) }
picture-text-value = 最有價值的顧客所占終身價值占比的曲線：前 { PERCENT($top) } 占 { PERCENT($share, places: 1) }。
value-term-total = 總價值
value-term-uncertainty = 不確定性
value-term-customer = 每位顧客
value-term-concentration = 集中度
value-term-missing = 沒有價值
value-total = { NUM($total, digits: 4) }（{ log-currency }）{ $has_purchases ->
    [yes] ，預期購買 { NUM($expected_purchases, digits: 4) } 次
   *[no] { "" }
    }
value-per-customer = 平均 { FIXED($mean, places: 2) }；中位數 { FIXED($median, places: 2) }
value-held-by-top = 最有價值的 { COUNT($top_customers) } 位顧客（前 10%）占價值的 { PERCENT($top_share, places: 1) }
value-missing = { COUNT($customers) } 位顧客中有 { COUNT($missing) } 位{ $has_reasons ->
    [yes] ：{ $reasons }
   *[no] { "" }
    }
value-table = 終身價值最高的 { $customers } 位顧客
value-column-customer = 顧客
value-column-lifetime-value = 終身價值（金額）
value-column-lifetime-value-lower = 區間下限（金額）
value-column-lifetime-value-upper = 上限（金額）
value-column-probability-alive = P(alive)
value-column-expected-purchases = 預期購買次數
value-column-expected-spend = 預期客單價（金額）

## 報告：配適與模型卡

fit-title = 配適
certificate-title = { $title }：證書
certificate-term-status = 狀態
certificate-term-likelihood = 對數概似
certificate-term-gradient = 最大梯度
certificate-term-hessian = 海森矩陣
certificate-term-criteria = AIC、BIC
certificate-term-data = 配適資料
certificate-term-left-out = 未計入
certificate-gradient-of = { $gradient }（極大值處為 0）
certificate-hessian-is = { $definite ->
    [yes] 負定：各個方向上都是極大值
   *[no] 非定：在某個方向上平坦
    }
certificate-fitted-to = { COUNT($customers) } 位顧客，{ COUNT($rows) } 個不同的列
certificate-set-aside = { COUNT($customers) } 位平均客單價不為正的顧客
parameter-table = { $title }：參數
parameter-name = 參數（單位）
parameter-estimate = 估計值
parameter-error = 標準誤
parameter-interval = 95% 區間
parameter-note = –：位於取值範圍的邊界，因此沒有標準誤。
picture-parameters = 參數的不確定性
picture-text-parameters = { $parameters } 個參數各一列：其區間以估計值的百分比表示。全部數字見上面各表。
meaning-table = 參數的含義，附 90% 區間
meaning-quantity = 量（單位）
meaning-note-missing = –：該模型沒有此項。
meaning-note-gone =「已流失占比」針對截止日的已知顧客；其餘各列針對新顧客。凡只買過一次的顧客不可能流失的模型，沒有這一占比。
meaning-at-limit = { $infinite ->
    [yes] 無窮大
   *[no] { $value }
    }，位於邊界
cell-estimate = { $estimate }（{ $lower } 至 { $upper }）

card-title = 模型卡
card-lead = 重現本報告所需的資訊、模型的用途，以及已知的失敗之處。
card-term-model = 模型
card-term-data = 資料
card-term-fingerprint = 資料指紋
card-term-cutoffs = 截止日
card-term-horizon = 預測期
card-term-time = 時間
card-term-intervals = 區間
card-term-versions = 版本
card-term-use = 用途
card-term-limits = 限制
card-term-failures = 已知的失敗
card-model-with = { $title }{ $has_spend ->
    [yes] ，配合 { $spend }
   *[no] { "" }
    }{ $has_others ->
    [yes] ；與 { $others } 比較
   *[no] { "" }
    }
card-data = { COUNT($customers) } 位顧客，{ $has_start ->
    [yes] { DATE($start) } 至
   *[no] 至
    } { DATE($end) }
card-not-recorded = 未紀錄
card-horizon = { DURATION($horizon) }
card-intervals = { PERCENT($level) }，中心區間；購買次數取自精確分布{ $has_draws ->
    [yes] ，金額取自每位顧客的 { COUNT($draws) } 次抽樣
   *[no] { "" }
    }{ $has_sampled ->
    [yes] ，至多在 { COUNT($sampled) } 位顧客上檢驗
   *[no] { "" }
    }；隨機狀態 { $seed }
card-use = 預測現有顧客的購買與金額（總量與分組）；依可能的購買給顧客排序；在給定條件下估算顧客群的價值。適用於沒有合約、流失時不作告知的顧客。
card-limits = 模型只使用誰在何時購買：沒有季節、促銷、價格或競爭對手，也沒有未來的顧客。P(alive) 無法觀察，能觀察到的只有其後的購買。預測顯示的是條件不變時可能發生的情況，而不是某項行動會帶來的改變。
card-parameters = 參數
card-model = 模型
card-estimates = 估計值
card-status = 狀態

## 報告：基準

benchmarks-title = 基準
benchmarks-lead = 簡單規則與提升樹（機器學習）在相同的截止日預測相同的顧客。模型只有勝過它們才值得使用。表中正規化吉尼係數衡量顧客排序的好壞（1 為完美），RMSE 衡量個別顧客的預測通常相差多少。
metric-name = { $metric ->
    [gini] 正規化吉尼係數
    [rmse] RMSE
    [mae] MAE
    [bias] 總量誤差
    [capture] 前十分位貢獻
   *[other] { $metric }
    }
score-table = 截止日之後 { DURATION($horizon) }的{ quantity-title }：{ $several ->
    [yes] { $cutoffs } 個截止日的平均
   *[no] 預測與實際
    }
score-forecaster = 預測方法
score-total = 總量（{ quantity-name }）
score-bias = 總量誤差
score-bias-mean = 總量誤差，平均
score-size = 總量絕對誤差，平均
score-gini = 正規化吉尼係數
score-rmse = RMSE（{ quantity-name }）
score-top = 前 10% 貢獻
score-spearman = 斯皮爾曼
score-mae = MAE（{ quantity-name }）
score-actual = 實際
score-note-kind = { $kind ->
    [rules] 簡單規則
   *[learned] 學習型預測方法
    }：{ $names }。
score-note-cancel = 總量誤差的正負在其平均中相互抵消，在絕對誤差的平均中則不會。
score-note-spearman = –：無定義，因為對所有顧客都相同的預測沒有排序。
score-note-customers = 沒有預測的顧客不計入該列；實際總量涵蓋所有顧客。
probability-table = { quantity-title }：機率、分配與區間的評分
probability-log-score = 對數得分
probability-crps = CRPS
probability-brier = Brier，再次購買
probability-log-loss = 對數損失，再次購買
probability-poisson-deviance = 卜瓦松偏差
probability-decile-mape = 十分位 MAPE
probability-coverage = 落在 { PERCENT($level) } 區間內
probability-width = 平均寬度
probability-note-infinite = ∞：預測排除了實際發生的購買。
probability-note-missing = –：該預測方法沒有此項。除對數得分與覆蓋率外，越低越好。
difference-table = { quantity-title }：與 { $title } 的差別，{ $cutoffs ->
    [1] 一個截止日
   *[other] { $cutoffs } 個截止日
    }
difference-heading = { metric-name }：差別（區間）
difference-result = 結果
difference-better = { $better ->
    [forecaster] 更好
    [reference] 更差
   *[not-visible] 無明顯差別
    }
difference-note = { $several ->
    [yes] 成對的 { PERCENT($level) } 區間，涵蓋顧客抽樣（拔靴法，每次含全部截止日）與截止日之間的波動。若區間不含 0，且在每個截止日方向相同，則差別明顯。顯示為 0 的差別小於得分的 0.1%。
   *[no] 成對的 { PERCENT($level) } 拔靴法區間，對顧客重複抽樣。一個截止日只反映顧客的抽樣，不反映環境的變化。顯示為 0 的差別小於得分的 0.1%。
    }
picture-score = { quantity-title }：{ $metric ->
    [bias] 總量誤差
   *[gini] 排序品質
    }
picture-text-score = { $metric ->
    [bias] 各預測方法的總量誤差
   *[gini] 各預測方法的正規化吉尼係數
    }{ $several ->
    [yes] ，{ $cutoffs } 個截止日各一點
   *[no] { "" }
    }{ $is_size ->
    [yes] ，以及其大小的平均
   *[no] { "" }
    }：{ $scores }。
picture-difference = { quantity-title }：比 { $title } { $metric ->
    [gini] 排序更好的線上的右側
   *[rmse] 更準確的線上的左側
    }
picture-text-difference = 每種預測方法一列：其{ metric-name }減去 { $title } 的，附區間。不明顯的差別：{ $differences } 箇中有 { $not_visible } 個。

## 圖

plot-date-year = %Y年
plot-date-month = %m月
plot-date-day = %d日
plot-actual = 實際
plot-actual-by = 實際（依 { $title } 分組）
plot-forecast = 預測
plot-forecast-by = { $title } 預測
plot-same-line = 同一條線：{ $titles }
plot-per-customer =
    檢驗期每位顧客
    { quantity-name }
plot-purchases-per-customer = 每位顧客購買次數
plot-as-forecast = 與預測一致
plot-forecast-probability = 預測的檢驗期購買機率
plot-customers-who-bought = 實際購買的顧客（%）
plot-if-right = 若分配正確
plot-pit-position =
    結果在預測分配中的位置
    （0：低端，1：高階）
plot-pit-customers =
    顧客數，為正確預測的
    倍數
plot-no-intervals = 沒有帶區間的預測方法
plot-level = 水準：{ PERCENT($level) }
plot-coverage =
    落在區間內的結果
    （占顧客的 %）
plot-decile = 預測的十分位組（1：最高）
plot-groups = { $by ->
    [frequency] 截止日前的回購次數
    [recency] { $has_unit ->
        [yes] 截止日前從首次到末次購買的時間（{ UNIT($unit) }）
       *[no] 截止日前從首次到末次購買的時間
        }
    [cohort] 首次購買的月份或季度
   *[other] { $has_unit ->
        [yes] { $by }（{ UNIT($unit) }）
       *[no] { $by }
        }
    }
    （下方數字：顧客數）
plot-metric = { $metric ->
    [bias] 總量誤差（占實際的 %）
    [gini] 正規化吉尼係數（1：完美）
    [rmse] RMSE（每位顧客{ quantity-name }）
    [mae] MAE（每位顧客{ quantity-name }）
   *[spearman] 等級相關係數（1：完美）
    }
plot-not-visible = 不明顯
plot-difference =
    { metric-name }減去
    { $title } 的
plot-parameter-interval = 區間，占估計值的百分比
plot-total-error =
    { quantity-name }總量：預測誤差
    （0：準確；橫條：區間）
plot-cutoff-axis = 截止日
plot-cutoff = 截止日 { $day }
plot-purchases = 購買 { $purchases } 次
plot-day = 日期（{ $first } 至 { $last }）
plot-alive = 截至當日的 P(alive)
plot-above = 高於 { $value }
plot-mean = 平均數 { $mean } { $unit }
plot-share-of-new = 占新顧客的比例（%）
plot-since-first = 首次購買以來的時間（{ UNIT($unit) }）
plot-expected-repeat =
    新顧客的
    預期回購次數
plot-last-purchase =
    末次購買距首次的時間（{ UNIT($unit) }）
    （顧客首次出現於 { $age } { UNIT($unit) }前）
plot-repeat-purchases = 回購次數
plot-matrix = { $alive ->
    [yes] P(alive)
   *[no] 未來 { DURATION($horizon) }的預期購買次數
    }
plot-heterogeneity = { $quantity ->
    [purchase-rate] 購買率
    [purchase-probability] 購買機率
    [dropout-rate] 流失率
    [dropout-probability] 流失機率
   *[other] { $name }
    }（{ $has_unit ->
    [yes] { $unit }
   *[no] 0 至 1
    }）
plot-observed = 觀察值
plot-spend-model = 消費模型
plot-spend-beyond =
    高於 { $edge }：
    觀察值 { PERCENT($seen, places: 1) }
    模型 { PERCENT($modeled, places: 1) }
plot-order-value = 客單價（金額）
plot-customer-share = 顧客（%）
plot-most-valuable = 顧客，從最有價值者起（占顧客的 %）
plot-value-held = 所占價值（占全部價值的 %）
plot-no-value = 沒有價值為正的顧客
plot-all-equal-value =
    若所有顧客
    價值相同
plot-top-holds = 前 { PERCENT($top) } 占 { PERCENT($share) }
plot-customers = 顧客
plot-value = 價值
plot-cells = 顧客數及其所占價值（%）
plot-tier = 層級
plot-share-of-all = 占全部的比例（%）
plot-share-of-customers = 占顧客的比例（%）
plot-weight = 占評分的比例（%）
plot-share-of-spend = 占全部消費的比例（%）
plot-segment = 區隔及其區間
plot-by-past-spend = 依歷史消費取同樣人數
plot-by-rfm = 依 RFM 評分
plot-later-money = 占後來金額的比例（%）
plot-customer-count = { COUNT($customers) } 位顧客
plot-at-stake = 涉及的毛利（金額）
plot-cost = 費用
plot-assumed-gain = 假設收益（已扣費用）
plot-split = 依{ $split ->
    [customers] 顧客
    [drivers] 因素
   *[other] { $split }
    }
plot-revenue-change = 營收變化（金額）
plot-revenue-forecaster = { $forecaster ->
    [revenue_forecast] 預測及其區間
    [seasonal_naive] 去年同月
    [naive] 最近一個完整月
   *[other] { $forecaster }
    }
plot-calendar-month = 月份
plot-concentration-line = { $line ->
    [past_profit] 過去利潤
    [expected_value] 預期價值
    [future_value] 未來價值
   *[other] { $line }
    }
plot-top-customers = 前 { SHORT_PERCENT($top) }
plot-best-customers = 各項中最有價值的顧客
plot-share-of-sum = 占總和的比例（%）
plot-multiple-of-chance = 與預測的偏差，相對於隨機所能解釋的倍數
plot-change = 變化（%）
plot-change-so-far = 從上一期到現在
plot-change-expected = 從現在到下一期
plot-share-of-cost = 占獲客成本的比例
plot-share-of-value = 占獲客時價值的比例
plot-distance-to-target = 與目標的差距（%）
plot-net-cash-flow = 淨現金流（金額）
plot-money-quantity = { $quantity ->
    [remaining_value] 剩餘價值（金額）
    [value_at_acquisition] 獲客時價值（金額）
    [lifetime_net_value] 終身淨價值（金額）
   *[other] { $quantity }
    }
plot-no-acquisition-cost = 沒有任何分組有獲客成本
plot-months-since-first = 首單後的月數
plot-multiple-of-cost = 價值與獲客成本之比（倍）
plot-existing-customers = 現有顧客
plot-customers-to-come = 未來顧客
plot-revenue = 營收（金額）
plot-period-beginning = 期間的第一天
plot-equity-step = { $step ->
    [opening] 期初價值
    [discount_unwound] 折現回轉
    [expected_cash_released] 釋放的預期現金
    [horizon_rolled_forward] 期限前移
    [experience_orders] 經驗差異：訂單
    [experience_spend] 經驗差異：消費
    [experience_alive] 經驗差異：活躍顧客
    [acquired] 新獲顧客
    [reestimation] 模型重新配適
    [assumption_margin] 假設：毛利率
    [assumption_costs] 假設：成本
    [assumption_rate] 假設：折現率
    [assumption_horizon] 假設：期限
    [closing] 期末價值
   *[other] { $step }
    }
plot-equity = 顧客群價值（金額）
plot-driver = { $driver ->
    [dropout] 流失風險
    [purchase_rate] 購買頻率
    [spend] 每單消費
    [margin] 毛利率
    [acquisitions] 獲客數量（未來顧客）
   *[other] { $driver }
    }
plot-elasticity = 驅動因素增加 1% 時價值的變化（%）
plot-forecast-for = { DURATION($horizon) }的預測
plot-scoring-date = 評分日期
plot-scoring-date-bars =
    評分日期
    （豎條：兩個標準誤；灰色：10% 以內）
plot-relative =
    實際購買
    相對於預測
plot-gini-of = { DURATION($horizon) }：吉尼係數
plot-coverage-of = { DURATION($horizon) }：區間覆蓋率
plot-gini-and-coverage =
    正規化吉尼係數（1：完美）；
    90% 區間的覆蓋率
plot-model = 模型 { $version }
plot-no-whole-week = 交易紀錄未涵蓋一個完整的自然週
plot-all-purchases = 購買次數
plot-repeat-among-them = 其中的回購
plot-new-customers = 新顧客
plot-week-starting = 週起始日（{ $first } 至 { $last }）
plot-per-week = 每週
plot-months = 1 2 3 4 5 6 7 8 9 10 11 12
plot-month = 月份
plot-season =
    購買次數，為平均月的
    倍數
plot-longer = 長於 { $value }：{ PERCENT($share) }
plot-between-purchases = 顧客相鄰兩次購買之間的時間（{ UNIT($unit) }）
plot-times-between = 占購買間隔的比例（%）
plot-perfect-ranking = 完美排序
plot-no-ranking = 不排序
plot-highest-first = 顧客，從預測最高者起（%）
plot-share-made =
    他們貢獻的
    { quantity-name }占比（%）
plot-all-equal = 完全均等
plot-smallest-first = 顧客，從最少者起（%）
plot-share-they-make =
    他們貢獻的
    { quantity-name }占比（%）
plot-average-customer = 平均顧客
plot-lift =
    每位顧客{ quantity-name }，
    為平均的倍數
plot-at-random = 隨機
plot-highest-forecasts = 預測最高的顧客
plot-overlap =
    其中屬於實際頭部的比例
    （依{ quantity-name }，%）
plot-cumulative = 累計回購次數
plot-incremental = 每{ UNIT($period) }回購次數
plot-from-first-dates = { $title }：僅憑首購日期的預期
plot-at-cutoff = { $title }：截止日的預測
plot-period-ending = 各{ UNIT($period) }的最後一天（{ $first } 至 { $last }）

## 後來增加的訊息

rfm-calendar = 模型依日曆計時
cleaning-discounts = 從 { COUNT($rows) } 列減去折扣，共 { FIXED($money, places: 2) }，依{ $kind ->
    [share] 占價格的比例
    [percent] 百分數
   *[other] 金額
    }讀取
cleaning-unread-discounts = { $column } 一欄像是折扣，但沒有減去：若價格未含折扣，請傳入 discount='{ $column }'
file-repeated-headers = { COUNT($rows) } 列重複標題列，未計入
export-not-paid = { COUNT($rows) } 列未計入：未付款的訂單
ledger-superseded = 訂單的早期狀態，後來的檔案中另有該訂單
ledger-test-order = 測試訂單
ledger-no-date = 無日期

## 相容：結果與 lifetimes 不同之處

compat-time-unit = customer_lifetime_value()：freq 預設為 "{ $freq }"，但這些時間的單位是 "{ $recorded }"，見其所出自的表。價值依 "{ $recorded }" 計算；lifetimes 會把月數算成 { SHORT($factor, digits: 2) } 倍。傳入 freq="{ $recorded }" 即不再提示
compat-time-unit-passed = customer_lifetime_value()：傳入了 freq="{ $freq }"，但這些時間所出自的表紀錄的是 "{ $recorded }"。價值依傳入的 "{ $freq }" 計算：請核對 T 的單位
compat-time-unit-unknown = customer_lifetime_value()：T 視為以天計，即 freq 的預設值。若以週計，價值會高出數倍：請傳入 freq="W"；若以天計，傳入 freq="D" 即不再提示
compat-covariance = variance_matrix_ 是參數的協變異數。lifetimes 的該矩陣非對角元有誤，且不對稱；標準誤相同
compat-refunds = { COUNT($periods) } 個時期的退款達到所付金額，不算購買（共 { FIXED($money, places: 2) } 未計入）；lifetimes 會各計為一次購買。clvmodels.clean 把退款沖抵到所屬訂單
compat-first-seen-in-holdout = 截止日之後首次出現的 { COUNT($customers) } 位顧客沒有列，他們占檢驗期 { COUNT($of) } 次購買中的 { COUNT($purchases) } 次：不要拿此表的合計與交易紀錄的合計比較。lifetimes 會不作說明地略去他們
compat-last-day = { DATE($day) } 當天的 { COUNT($rows) } 筆交易屬於到該日為止的時期；lifetimes 在當天開始的午夜就結束該時期
compat-holdout-spend = monetary_value_holdout 是每次購買的平均數，與 frequency_holdout 的計數一致；lifetimes 的是交易紀錄每列的平均數，對 { COUNT($customers) } 位顧客有差別
compat-no-mean-spend = 在這些參數下 { COUNT($customers) } 位顧客沒有平均消費（需要 p x + q > 1），因此結果遺漏；lifetimes 會返回負的或無意義的金額。請以 q_constraint=True 配適，或使用 GammaGamma 的中位數

## 終端

show-enough-data = 資料夠用嗎？
show-which-models = 哪些模型適合這些資料？
show-what = 項目
show-here = 本交易紀錄
show-good = 寬裕
show-least = 最低
show-status = 狀態
show-model = 模型
show-suitability = 適合程度
show-why = 原因
show-sufficiency = { $status ->
    [sufficient] 充足
    [thin] 偏少
   *[insufficient] 不足
    }
show-ledger = 清洗臺帳
show-rule = 規則
show-rows = 列數
show-changed = 有改動
show-money = 金額
show-example = 示例
show-statuses = 訂單狀態
show-treatment = 處理方式
show-no-status = （無）
show-parameter = 參數
show-unit = 單位
show-estimate = 估計值
show-error = 標準誤
show-interval = 95% 區間
show-likelihood = 對數概似 { $value }；{ $text }
show-independence = 獨立性：{ $text }
show-cost-nothing = 因回購金額為零而未計入：{ COUNT($customers) } 位顧客
show-value = 未來 { DURATION($horizon) }的價值，折現率每年 { $rate }，毛利率 { $margin }：合計 { $total }；前 { $top } 名
show-customer = 顧客
show-alive = P(alive)
show-purchases = 購買次數
show-order-value = 客單價
show-value-column = 價值
show-no-value = { COUNT($customers) } 位顧客沒有價值：{ $reason }
show-run = 截至 { DATE($as_of) } 有 { COUNT($customers) } 位顧客（執行 { $run }）
show-run-refused = 其中 { COUNT($count) } 位被拒
show-run-new-since-fit = 配適後新增 { COUNT($count) } 位
show-run-not-yet-bought = { COUNT($count) } 位尚未購買
show-run-late-rows = 上次執行以來遲到 { COUNT($count) } 列
show-refused-because = 被拒 { COUNT($count) } 位，原因：{ $reason }
show-refused-by = 被關卡 { $gate } 拒絕：{ $text }
show-column = 列
show-total = 合計
show-mean = 平均數
show-interval-of = { SHORT_PERCENT($level) } 區間
show-intervals-elsewhere = 總量的區間耗時較長：請在 Python 中以 by="total" 與 interval={ $level } 呼叫 clv.lifetime_value。
show-learned = 顧客與總量的預測方法：{ $forecaster }。以上模型給出 P(alive) 並對價值折現。
show-no-intervals = 提升樹與混合預測不給出總量的區間。
show-no-dropout = 所有顧客的 P(alive) 均為 1：模型在這些資料中看不出流失。
show-scores = { DATE($start) } 至 { DATE($end) } 的{ quantity-title }：實際 { $actual }
show-forecaster = 預測方法
show-bias = 偏差
show-absolute-bias = |偏差|
show-rmse = RMSE
show-gini = 吉尼係數
show-mae = MAE
show-capture = 前 10%
show-coverage = 覆蓋率
show-cutoffs = 截止日：{ $days }
show-backtest = { quantity-title }，未來 { DURATION($horizon) }：各截止日的平均
show-fits = 配適，由優到劣
show-forecasts = 對檢驗期的預測
show-parameters = 參數
show-parameters-of = { $title }：參數
show-log-likelihood = 對數概似
show-aic = AIC
show-bic = BIC
show-seconds = 秒
show-log-score = 對數得分
show-money-bias = 金額偏差
show-money-rmse = RMSE
show-money-gini = 吉尼係數
show-likelihoods = { $title }：對數概似
show-predictions = { $title }：預測合計
show-lifetimes = lifetimes
show-difference = 差異
show-computed-by = 計算方
show-at-ours = 在我們的參數處
show-at-theirs = 在對方的參數處
show-quantity = 指標
show-customers = 顧客數
show-own-fit = 其自身配適
show-reading = 讀取 { $file }
show-report-written = 報告已寫入 { $page }，其數字寫入 { $numbers }
show-site-written = 報告索引已寫入 { $page }
show-tables-written = 各表已寫入 { $folder }
show-audit = 從 { $earlier } 到 { $period }
show-trend = 顧客如何購買
show-flags = 各組與偶然波動的比較
show-economics = 顧客的成本與收益
show-board = 關鍵指標與目標
show-efficiency = 各組獲客成本的成效

## 命令列幫助

help-app = 由交易紀錄計算顧客終身價值。
help-panel-start-here = 從這裡開始
help-panel-look-at-a-log = 查看交易紀錄
help-panel-check-models = 檢驗模型
help-panel-decide = 決策
help-panel-value-and-budget = 價值與預算
help-panel-score-customers = 顧客評分
help-demo = 用自帶的 CDNOW 交易紀錄走完每一步：配適、評分、估值、檢驗、報告。
help-report = 查看交易紀錄輪廓，在多個截止日回測模型與基準，估算顧客價值，並寫成一頁報告。
help-guide = 列出使用者指南的頁面，或列印其中一頁。
help-profile = 在建模之前查看交易紀錄：有什麼、夠不夠、適合哪些模型。
help-audit = 審視顧客群：顧客之間有何差別、發生了什麼變化、各同類群組如何比較。
help-clean = 把訂單明細、訂單或匯出檔案整理成交易，並在臺帳中交代每一列。
help-validate = 用某日之前的交易紀錄配適模型，並與其後的購買比較。
help-compare = 對同一交易紀錄配適多個模型並比較；加 --calibration-end 時也比較預測。
help-backtest = 依各截止日當時掌握的資料作預測，並與實際結果及基準比較。
help-crosscheck = 用模型所配適的交易紀錄，與 lifetimes 套件核對已儲存的模型。
help-tiers = 依價值給顧客分級；已公佈的分級只在價值明顯變化時才變。
help-segments = 為顧客分區隔：依 RFM 評分、依階段（--model），或依資料本身。
help-scorecard = 以指標的加權指數為顧客評分，並與預測價值比較。
help-accounts = 列出關鍵帳戶：原因、趨勢、風險，以及其離開會失去什麼。
help-actions = 列出有流失風險、待挽回和待二次購買的顧客，以及涉及的金額。
help-value = 顯示交易紀錄中的顧客自期末起扣除費用後的價值；--output 得到每位顧客一列。
help-forecast = 依自然月預測交易紀錄的營收：現有顧客，以及用 --plan 給出的未來顧客。
help-check = 檢查任務的資料來源能否讀取、關卡能否通過、輸出能否寫入；不寫入任何內容。
help-experiment = 附對照組的實驗：設計、分組、解讀。
help-init = 寫出任務檔案，列出所有設定並逐一註釋。
help-fit = 對交易紀錄配適購買模型，加 --amount 時再配適 Gamma-Gamma，並儲存。
help-score = 給交易紀錄中的每位顧客評分：P(alive)、購買次數，加 --amount 時還有價值，依各預測期。
help-backfill = 把過去的日子補評分到執行歷史，從最早一天開始；現有的表不變。
help-prune = 從保留歷次執行的目的地刪除舊的執行；目前的執行一律保留。
help-monitor = 把過去執行的預測與其後的實際比較，並說明是否需要重新配適。
help-columns = 列印任務各表的資料字典：每一列的型別、單位與含義。
help-models = 登錄表中模型的各版本：列出、查看、啟用、回退。

## 日曆

calendar-season = 在 { FIXED($years, places: 1) } 年中，顧客購買最快的是始於 { MONTH($fastest_month) }{ COUNT($fastest_day) }日的一週（{ SIGNED_PERCENT($most) }），最慢的是始於 { MONTH($slowest_month) }{ COUNT($slowest_day) }日的一週（{ SIGNED_PERCENT($least) }）（{ COUNT($degrees) } 個參數）
calendar-no-season = { FIXED($years, places: 1) } 年中未發現季節性
calendar-seen-once = 一年中多數星期只見過一次，因此某個異常的星期會被當作季節性
season-shared = { $comparison ->
    [tier] 常買與少買的顧客季節性相同
    [acquired] 旺季獲得的顧客與其他顧客季節性相同
   *[orders] 首單與回購訂單季節性相同
}（{ P_VALUE($p_value) }）
season-differs = { $comparison ->
    [tier] 常買與少買的顧客季節性不同
    [acquired] 旺季獲得的顧客與其他顧客季節性不同
   *[orders] 首單與回購訂單季節性不同
}（{ P_VALUE($p_value) }）
season-groups-too-small = { $comparison ->
    [tier] 某一層顧客的購買太少，無法比較季節性
    [acquired] 旺季或其他時間獲得的顧客太少，無法比較季節性
   *[orders] 首單或回購訂單太少，無法比較季節性
}
season-peak-customers = 與預期相比，旺季獲得的顧客的購買相對其他顧客為 { SIGNED_PERCENT($change) }（{ P_VALUE($p_value) }）：可為他們加一個共變數
calendar-events = 已觀察到的 { COUNT($observed) } 個節日或活動日平均使購買變化 { SIGNED_PERCENT($change) }；之後還有 { COUNT($coming) } 個
calendar-promotions = 已觀察到的 { COUNT($observed) } 次促銷平均使購買變化 { SIGNED_PERCENT($change) }；日曆假設之後還有 { COUNT($coming) } 次
calendar-records-lost = 從 { $first } 到 { $last } 只記錄了 { PERCENT($share) } 的購買，因此這段時間顧客的購買次數偏低
profile-outages = 有 { COUNT($periods) } 段時間的購買遠低於前後的日子，最主要的是從 { $first } 到 { $last }（為平常的 { PERCENT($share) }{ $catches_up ->
    [yes] ，之後高於平常
   *[no] {""}
}）：是店鋪關閉、記錄遺失，還是缺貨？
calendar-chosen = { DATE($day) } 估計並採用了季節性：此前 { COUNT($windows) } 個視窗的總量誤差，不用時為 { PERCENT($without, places: 1) }，採用時為 { PERCENT($with, places: 1) }
calendar-chosen-untested = { DATE($day) } 估計並採用了季節性；{ FIXED($years, places: 1) } 年太短，無法在更早的視窗上檢驗
calendar-not-better = { DATE($day) } 看得出季節性，但未採用：此前 { COUNT($windows) } 個視窗的總量誤差，不用時為 { PERCENT($without, places: 1) }，採用時為 { PERCENT($with, places: 1) }
calendar-none-visible = { DATE($day) } 在 { FIXED($years, places: 1) } 年中看不出季節性
calendar-horizon = 依日曆，從 { DATE($first) } 到 { DATE($last) } 的購買次數與同樣多的平均日相比為 { SIGNED_PERCENT($change) }
season-seen-twice = 一年中的每一週至少出現了兩次：estimate_calendar 可以估計季節性
season-seen-once = 一年中的大多數週只出現了一次：estimate_calendar 可以估計季節性，但會把不尋常的一週當作季節性
season-one-cohort = 大多數顧客在半年內到來，而交易紀錄不足兩年：無法區分顧客的年齡與季節性，因此日曆須來自其他來源
season-too-short = 交易紀錄不足一年：日曆須來自其他來源
leaving-compared = 此前 { COUNT($windows) } 個視窗的總量誤差：顧客依日曆流失時為 { PERCENT($calendar, places: 1) }，依自然時間流失時為 { PERCENT($sun, places: 1) }，因此採用{ $better ->
    [sun] 自然時間
   *[other] 日曆
}
leaving-not-compared = 交易紀錄太短，無法比較顧客依哪種時間流失
calendar-not-known-too-short = { DATE($day) } 無法由 { FIXED($years, places: 1) } 年估計季節性：至少需要一整年
calendar-not-known-one-cohort = { DATE($day) } 無法估計季節性：多數顧客在半年之內到來，並追蹤了 { FIXED($years, places: 1) } 年，他們的客齡與季節性無法區分
calendar-too-short = 交易紀錄涵蓋 { FIXED($years, places: 1) } 年：季節性要有一整年才看得出
calendar-one-cohort = 多數顧客在半年之內到來，並追蹤了 { FIXED($years, places: 1) } 年，因此他們的客齡與季節性無法區分
