internal import Bytes

/// The built-in tickers: names that are or were traded in New York, in the form with a dot for a class of shares. Those with a day of
/// their own begin, end or change their name on it.
enum TickerNames {
    static let builtIn: [EquityTicker] = {
        let first = GeneratedEquities.first
        func day(_ text: String) -> Int? { LocalDate(text)?.daysSince1970 }
        var tickers = plain.split { $0 == " " || $0 == "\n" }.map { EquityTicker(String($0), .builtin, first: first) }
        for (name, text) in late { tickers.append(EquityTicker(name, .builtin, first: day(text) ?? first)) }
        for (name, text) in gone { tickers.append(EquityTicker(name, .builtin, first: first, last: day(text))) }
        for (old, last, new, begin) in renamed {
            var before = EquityTicker(old, .builtin, first: first, last: day(last))
            var after = EquityTicker(new, .builtin, first: day(begin) ?? first)
            (before.later, after.formerly) = (new, old)
            tickers += [before, after]
        }
        return tickers.sorted { $0.name < $1.name }
    }()

    /// The first session.
    private static let late = [
        ("ABNB", "2020-12-10"), ("ALLE", "2013-11-18"), ("AMCR", "2019-06-11"), ("AMTM", "2024-09-24"), ("APP", "2021-04-15"),
        ("ARM", "2023-09-14"), ("CARR", "2020-04-03"), ("CEG", "2022-02-02"), ("COIN", "2021-04-14"), ("CRWD", "2019-06-12"),
        ("CTVA", "2019-06-03"), ("CVNA", "2017-04-28"), ("DASH", "2020-12-09"), ("DDOG", "2019-09-19"), ("DOW", "2019-04-02"),
        ("FOX", "2019-03-19"), ("FOXA", "2019-03-19"), ("GEHC", "2023-01-04"), ("GEV", "2024-04-02"), ("HOOD", "2021-07-29"),
        ("INVH", "2017-02-01"), ("IR", "2020-03-02"), ("KIMpL", "2017-08-15"), ("KVUE", "2023-05-04"), ("MRNA", "2018-12-07"),
        ("OTIS", "2020-04-03"), ("PLTR", "2020-09-30"), ("Q", "2025-11-03"), ("RDDT", "2024-03-21"), ("SNDK", "2025-02-24"),
        ("SOLV", "2024-04-01"), ("SW", "2024-07-08"), ("TT", "2020-03-02"), ("UBER", "2019-05-10"), ("VICI", "2018-02-01"),
        ("VLTO", "2023-10-02"), ("VRT", "2020-02-10"), ("XLC", "2018-06-19"), ("XLRE", "2015-10-08"),
    ]

    /// The last session.
    private static let gone = [
        ("ANSS", "2025-07-16"), ("ATVI", "2023-10-13"), ("CTLT", "2024-12-17"), ("DFS", "2025-05-16"), ("HES", "2025-07-17"),
        ("JNPR", "2025-07-01"), ("MRO", "2024-11-21"), ("PXD", "2024-05-02"), ("SIVB", "2023-03-09"), ("TWTR", "2022-10-27"),
        ("WBA", "2025-08-27"),
    ]

    /// The old name, its last session, the new name, its first.
    private static let renamed = [
        ("ABC", "2023-08-29", "COR", "2023-08-30"), ("ANTM", "2022-06-27", "ELV", "2022-06-28"),
        ("BLL", "2022-05-09", "BALL", "2022-05-10"), ("CHK", "2024-10-01", "EXE", "2024-10-02"),
        ("DISCA", "2022-04-08", "WBD", "2022-04-11"), ("FB", "2022-06-08", "META", "2022-06-09"),
        ("FLT", "2024-03-22", "CPAY", "2024-03-25"), ("MMC", "2026-01-13", "MRSH", "2026-01-14"),
        ("NLOK", "2022-11-07", "GEN", "2022-11-08"), ("PARA", "2025-08-06", "PSKY", "2025-08-07"),
        ("PEAK", "2024-03-01", "DOC", "2024-03-04"), ("PKI", "2023-05-15", "RVTY", "2023-05-16"),
        ("RE", "2023-07-07", "EG", "2023-07-10"), ("SQ", "2025-01-17", "XYZ", "2025-01-21"), ("WWE", "2023-09-11", "TKO", "2023-09-12"),
    ]

    private static let plain = """
        A AAL AAP AAPL ABBV ABT ACGL ACN ADBE ADI ADM ADP ADSK AEE AEP AES AFL AIG AIV AIZ AJG AKAM ALB ALGN ALK ALL AMAT AMD AME
        AMGN AMP AMT AMZN ANET AON AOS APA APD APH APO APTV ARE ARES ATO AVB AVGO AVY AWK AXON AXP AZO BA BAC BAX BBY BDX BEN BF.B
        BG BIIB BIO BK BKNG BKR BLDR BLK BMY BR BRK.A BRK.B BRO BSX BWA BX BXP C CAG CAH CAT CB CBOE CBRE CCI CCL CDNS CDW CE CF
        CFG CHD CHRW CHTR CI CIEN CINF CL CLX CMA CMCSA CME CMG CMI CMS CNC CNP COF COHR COO COP COST CPB CPRT CPT CRH CRL CRM
        CSCO CSGP CSX CTAS CTRA CTSH CVS CVX CZR D DAL DAY DD DE DECK DELL DG DGX DHI DHR DIS DLR DLTR DOV DPZ DRI DTE DUK DVA DVN
        DXC DXCM EA EBAY ECL ED EFX EIX EL EME EMN EMR ENPH EOG EPAM EQIX EQR EQT ERIE ES ESS ETN ETR ETSY EVRG EW EXC EXPD EXPE
        EXR F FANG FAST FCX FDS FDX FE FFIV FI FICO FIS FISV FITB FIX FLR FLS FMC FRT FSLR FTNT FTV GD GDDY GE GILD GIS GL GLW GM
        GNRC GOOG GOOGL GPC GPN GPS GRMN GS GWW HAL HAS HBAN HBI HCA HD HIG HII HLT HOG HOLX HON HP HPE HPQ HRB HRL HSIC HST HSY
        HUBB HUM HWM IBKR IBM ICE IDXX IEX IFF ILMN INCY INTC INTU IP IPG IPGP IQV IRM ISRG IT ITW IVZ J JBHT JBL JCI JKHY JNJ JPM
        JWN K KDP KEY KEYS KHC KIM KKR KLAC KMB KMI KMX KO KR KSS L LDOS LEG LEN LH LHX LII LIN LITE LKQ LLY LMT LNC LNT LOW LRCX
        LULU LUMN LUV LVS LW LYB LYV M MA MAA MAR MAS MAT MCD MCHP MCK MCO MDLZ MDT MET MGM MHK MKC MKTX MLM MMM MNST MO MOH MOS
        MPC MPWR MRK MS MSCI MSFT MSI MSTR MTB MTCH MTD MU NCLH NDAQ NDSN NEE NEM NFLX NI NKE NOC NOV NOW NRG NSC NTAP NTRS NUE
        NVDA NVR NWL NWS NWSA NXPI O ODFL OGN OKE OMC ON ORCL ORLY OXY PANW PAYC PAYX PCAR PCG PEG PEP PFE PFG PG PGR PH PHM PKG
        PLD PM PNC PNR PNW PODD POOL PPG PPL PRGO PRU PSA PSX PTC PVH PWR PYPL QCOM QRVO RCL REG REGN RF RHI RJF RL RMD ROK ROL
        ROP ROST RSG RTX SATS SBAC SBUX SCHW SEDG SEE SHW SJM SLB SLG SMCI SNA SNPS SO SPG SPGI SRE STE STLD STT STX STZ SWK SWKS
        SYF SYK SYY T TAP TDG TDY TECH TEL TER TFC TFX TGT TJX TMO TMUS TPL TPR TRGP TRIP TRMB TROW TRV TSCO TSLA TSN TTD TTWO TXN
        TXT TYL UA UAA UAL UDR UHS ULTA UNH UNM UNP UPS URI USB V VFC VLO VMC VNO VRSK VRSN VRTX VST VTR VTRS VZ WAB WAT WDAY WDC
        WEC WELL WFC WHR WM WMB WMT WRB WSM WST WTW WY WYNN XEL XOM XRAY XRX XYL YUM ZBH ZBRA ZION ZTS
        AGG ARKK DIA EEM EFA GLD HYG IVV IWM LQD QQQ SLV SOXL SPY SQQQ TLT TQQQ USO VEA VNQ VOO VTI VWO VXX XLB XLE XLF XLI XLK
        XLP XLU XLV XLY
        """
}
