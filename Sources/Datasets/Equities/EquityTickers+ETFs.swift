extension EquityTickers {
    /// The twenty ETFs that Tunchiie/CandleThrob keeps beside the S&P 500 (ingestion/ingest_data.py at commit 7418d53).
    static let etfs = """
        ARKK DIA GLD IWM QQQ SLV SOXL SPY SQQQ TLT TQQQ VTI VXX XLE XLF XLI XLK XLP XLV XLY
        """
}
