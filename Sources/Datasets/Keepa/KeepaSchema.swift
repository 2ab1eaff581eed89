internal import Bytes
package import Series

extension Keepa {
    /// Places of the columns.
    enum Column {
        static let title = 0
        static let priceNow = 1
        static let priceFrom = 2
        static let salesRank = 3
        static let offers = 4
        static let drops30 = 5
        static let listAt = 6
        static let average = 7
        static let seasonality = 8
        static let profit = 9
        static let margin = 10
        static let percentDown = 11
        static let lastSeen = 12
        static let referral = 13
        static let fulfilment = 14
        static let priceShips = 15
        static let historySeen = 16
        static let count = 17

        /// What only an answer with a history tells.
        static let ofHistory = [listAt, average, seasonality, historySeen]
    }

    package static func schema(_ options: Options) -> RowSchema {
        let money = KeepaMoney(options)
        return RowSchema(
            table: "keepa_products",
            columns: [
                .init("title", .text), .init("price_now", .decimal), .init("price_from", .text), .init("sales_rank", .integer),
                .init("offers", .integer), .init("drops_30", .integer), .init("list_at", .decimal), .init("avg_1yr", .decimal),
                .init("seasonality", .text), .init("profit", .decimal), .init("margin", .decimal), .init("percent_down", .decimal),
                .init("last_seen", .integer), .init("referral_share", .decimal), .init("fulfilment", .decimal),
                .init("price_ships", .integer), .init("history_seen", .integer),
            ],
            merge: { merge(older: $0, newer: $1, money) }, carry: { carry($0, $1, money) },
            migrations: [.init(name: "0001 products", sql: products)])
    }

    /// What an answer does not carry is as it was last known; what follows from other figures follows from the whole row.
    static func carry(_ latest: [Value]?, _ new: [Value], _ money: KeepaMoney) -> [Value] {
        var whole = new
        for place in whole.indices where whole[place] == .kept { whole[place] = latest?[place] ?? .null }
        money.derive(&whole)
        return whole
    }

    /// The newer one, but for what only a history tells: of two calls that were under way together the light one may have begun last, and
    /// have been stored before the heavy one's answer was there to be kept.
    static func merge(older: [Value], newer: [Value], _ money: KeepaMoney) -> [Value] {
        guard case .integer(let before) = older[Column.historySeen] else { return newer }
        if case .integer(let after) = newer[Column.historySeen], after >= before { return newer }
        var whole = newer
        for place in Column.ofHistory { whole[place] = older[place] }
        money.derive(&whole)
        return whole
    }

    static let fields = [
        ShownField("asin", .key(0)), ShownField("group", .key(1)), ShownField("slot", .instant),
        ShownField("title", .value(column: Column.title)),
        ShownField("price_now", .value(column: Column.priceNow)), ShownField("sales_rank", .value(column: Column.salesRank)),
        ShownField("offers", .value(column: Column.offers)), ShownField("drops_30", .value(column: Column.drops30)),
        ShownField("list_at", .value(column: Column.listAt)), ShownField("avg_1yr", .value(column: Column.average)),
        ShownField("seasonality", .value(column: Column.seasonality)), ShownField("profit", .value(column: Column.profit)),
        ShownField("margin", .value(column: Column.margin)), ShownField("percent_down", .value(column: Column.percentDown)),
        ShownField("last_seen_utc", .timestamp(column: Column.lastSeen)), ShownField("price_from", .value(column: Column.priceFrom)),
    ]

    private static let products = """
        create table keepa_products (
            series_id int not null,
            time timestamptz not null,
            title text,
            price_now numeric,
            price_from text,
            sales_rank bigint,
            offers bigint,
            drops_30 bigint,
            list_at numeric,
            avg_1yr numeric,
            seasonality text,
            profit numeric,
            margin numeric,
            percent_down numeric,
            last_seen bigint not null,
            referral_share numeric,
            fulfilment numeric,
            price_ships bigint,
            history_seen bigint,
            task_id bigint,
            primary key (series_id, time),
            constraint keepa_products_sane check (
                price_now >= 0 and sales_rank >= 0 and offers >= 0 and drops_30 >= 0 and list_at >= 0 and avg_1yr >= 0
                and price_from in ('used', 'new', 'buy_box') and price_ships in (0, 1))
        );
        comment on table keepa_products is 'Products on Amazon, one row a refresh period of a product''s group';
        comment on column keepa_products.series_id is 'The series: key is the ASIN and the group, current or history';
        comment on column keepa_products.time is 'The refresh period begins';
        comment on column keepa_products.title is 'As the upstream has it';
        comment on column keepa_products.price_now is 'The cheapest of used, new and buy box';
        comment on column keepa_products.price_from is 'Which of them it was: used, new, buy_box';
        comment on column keepa_products.sales_rank is 'Rank by sales in the product''s root category';
        comment on column keepa_products.offers is 'Offers of all conditions';
        comment on column keepa_products.drops_30 is 'Falls of the sales rank in 30 days';
        comment on column keepa_products.list_at is '90th percentile of the monthly medians of inferred sales of 3 years';
        comment on column keepa_products.avg_1yr is 'Mean of inferred sales of 365 days';
        comment on column keepa_products.seasonality is 'The month whose sales stand out, or all year';
        comment on column keepa_products.profit is 'list_at less fees and all that the product costs';
        comment on column keepa_products.margin is 'profit / list_at';
        comment on column keepa_products.percent_down is '1 - price_now / avg_1yr';
        comment on column keepa_products.last_seen is 'When the upstream answered, seconds since 1970';
        comment on column keepa_products.referral_share is 'The marketplace''s share of the selling price, as the upstream says';
        comment on column keepa_products.fulfilment is 'What picking and packing costs, as the upstream says';
        comment on column keepa_products.price_ships is '1 where price_now includes shipping';
        comment on column keepa_products.history_seen is 'When list_at, avg_1yr and seasonality were told, seconds since 1970';
        comment on column keepa_products.task_id is 'The call that wrote the row';
        \(seriesRules(of: "keepa_products"))
        """
}
