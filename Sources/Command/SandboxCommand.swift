internal import ArgumentParser
internal import EventLoop
internal import Sandbox

struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Imitate the upstreams on a port of this machine, with generated or recorded data.",
        discussion: """
            GET|PUT /_sandbox/faults, GET /_sandbox/truth and GET /_sandbox/calls show and change what it does. Data are \
            generated from the seed, or served from a recording (--data).
            """)

    @Option(help: "The address to listen on, in numbers. It holds nothing secret and has no tokens: 0.0.0.0 is for a container.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port: UInt16 = 8090

    @Option(help: "What generated data grow from.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("A directory with recorded data, served instead of generated ones.", valueName: "directory"))
    var data: String?

    @Option(help: ArgumentHelp("The instant that it takes for now, and optionally the speed: INSTANT[@SPEED].", valueName: "clock"))
    var clock: String?

    @Option(help: ArgumentHelp("A stored scan, served as the online listing in its order.", valueName: "file"))
    var scan: String?

    @Option(help: ArgumentHelp("Buses of the generated grid; 1579 is the operator's size.", valueName: "count"))
    var buses = 40

    @Option(name: .customLong("key"), help: ArgumentHelp("A key that it takes, once for each; without any it takes all.", valueName: "key"))
    var keys: [String] = []

    @Option(help: ArgumentHelp("Faults from the start, as PUT /_sandbox/faults takes them.", valueName: "JSON"))
    var faults: String?

    @Option(help: ArgumentHelp("The day on which most of the exchange's pairs are listed.", valueName: "day"))
    var krakenBegin = "2024-01-01"

    @Option(help: ArgumentHelp("Multiplies the trades of every pair.", valueName: "factor"))
    var krakenIntensity = 1.0

    @Option(
        name: .customLong("kraken-pair"),
        help: ArgumentHelp(
            "A pair more, or one that trades otherwise, once for each: NAME[:TRADES A MINUTE[:LISTED[:DELISTED]]].", valueName: "pair"))
    var krakenPairs: [String] = []

    @Option(
        name: .customLong("kraken-only"), help: ArgumentHelp("Of the pairs only this, once for each.", valueName: "name"))
    var krakenOnly: [String] = []

    @Option(help: ArgumentHelp("Accounts of the metrics service.", valueName: "count"))
    var accounts = 100

    @Flag(help: "Hours in which an account does not trade have rows too.")
    var accountsDense = false

    @Flag(help: "All accounts live from the begin on and none ends.")
    var accountsSteady = false

    @Option(help: ArgumentHelp("The day on which the first accounts begin.", valueName: "day"))
    var accountsBegin = "2024-01-01"

    @Option(help: ArgumentHelp("Generated tickers of the stock data service beside its built-in ones.", valueName: "count"))
    var equities = 0

    @Option(help: ArgumentHelp("Tickers in its answers by session that nobody asks for.", valueName: "count"))
    var equitiesOthers = 300

    @Option(help: ArgumentHelp("Tokens that the product data service gives each minute.", valueName: "count"))
    var keepaRate = 5

    @Option(help: ArgumentHelp("Tokens that a product costs there which is asked for without offers.", valueName: "count"))
    var keepaPrice = 1

    @Option(help: ArgumentHelp("Write the exchange's archive files into this directory and end.", valueName: "directory"))
    var writeArchives: String?

    @Option(help: ArgumentHelp(
        "The instant up to which archives reach; the start of the clock's quarter where it is not given.", valueName: "instant"))
    var archiveThrough: String?

    @Option(help: ArgumentHelp("Which archive files, and what is wrong with them: docs/sandbox.md.", valueName: "JSON"))
    var archive: String?

    func run() throws {
        do {
            try ProcessSignals.prepare()
            let configuration = try configuration()
            if let writeArchives { return try write(configuration, to: writeArchives) }
            let loop = try Loop(name: "sandbox")
            let address = Address.tcp(host: host, port: port)
            try Listener.checkFree(address)
            let (sandbox, line) = try loop.runBlocking { loop in
                let sandbox = try Sandbox(configuration, on: loop, address: address)
                return (loop.keep(sandbox), "sandbox: \(sandbox.base); \(sandbox.notice)")
            }
            loop.start { loop in await loop[sandbox].run(on: loop) }
            say(line)
            _ = ProcessSignals.wait()
            try? loop.runBlocking { loop in
                await loop[sandbox].end()
                loop.beginClosing()
            }
            loop.stop()
        } catch let error as SettingError {
            complain("\(error)")
            throw ExitCode(2)
        } catch {
            complain("\(error)")
            throw ExitCode(1)
        }
    }

    private func configuration() throws -> Sandbox.Configuration {
        var configuration = Sandbox.Configuration()
        configuration.seed = seed
        configuration.recording = data
        configuration.scan = scan
        configuration.keys = Set(keys)
        guard (1...100_000).contains(buses) else { throw SettingError(variable: "--buses", expected: "a count from 1 to 100000") }
        configuration.buses = buses
        if let faults {
            do throws(Sandbox.Faults.Refused) {
                try configuration.faults.change(by: Array(faults.utf8))
            } catch {
                throw SettingError(variable: "--faults", expected: error.description)
            }
        }
        if let clock {
            let setting = try Settings.ClockSetting(parsing: clock, variable: "--clock")
            configuration.clockStart = setting.instant
            configuration.clockSpeed = setting.speed
        }
        configuration.kraken = try kraken()
        configuration.metrics = try metrics()
        configuration.polygon = try polygon()
        configuration.keepa = try keepa()
        return configuration
    }

    private func metrics() throws -> Sandbox.MetricsConfiguration {
        var metrics = Sandbox.MetricsConfiguration()
        guard (1...Sandbox.MetricsConfiguration.most).contains(accounts) else {
            throw SettingError(variable: "--accounts", expected: "expected a count from 1 to \(Sandbox.MetricsConfiguration.most)")
        }
        guard let begin = Sandbox.MetricsConfiguration.day(accountsBegin) else {
            throw SettingError(variable: "--accounts-begin", expected: "expected a day: 2024-01-01")
        }
        (metrics.accounts, metrics.begin) = (accounts, begin)
        (metrics.isDense, metrics.isSteady) = (accountsDense, accountsSteady)
        return metrics
    }

    private func polygon() throws -> Sandbox.PolygonConfiguration {
        var polygon = Sandbox.PolygonConfiguration()
        let counts = 0...Sandbox.PolygonConfiguration.most
        for (name, count) in [("--equities", equities), ("--equities-others", equitiesOthers)] where !counts.contains(count) {
            throw SettingError(variable: name, expected: "expected a count from 0 to \(counts.upperBound)")
        }
        (polygon.equities, polygon.others) = (equities, equitiesOthers)
        return polygon
    }

    private func keepa() throws -> Sandbox.KeepaConfiguration {
        var keepa = Sandbox.KeepaConfiguration()
        for (name, count, counts) in [
            ("--keepa-rate", keepaRate, Sandbox.KeepaConfiguration.rates), ("--keepa-price", keepaPrice, Sandbox.KeepaConfiguration.prices),
        ] where !counts.contains(count) {
            throw SettingError(variable: name, expected: "expected a count from \(counts.lowerBound) to \(counts.upperBound)")
        }
        (keepa.refillRate, keepa.price) = (keepaRate, keepaPrice)
        return keepa
    }

    private func kraken() throws -> Sandbox.KrakenConfiguration {
        var kraken = Sandbox.KrakenConfiguration()
        guard let begin = Sandbox.KrakenConfiguration.instant(krakenBegin) else {
            throw SettingError(variable: "--kraken-begin", expected: "expected a day: 2024-01-01")
        }
        kraken.begin = begin
        guard krakenIntensity > 0, krakenIntensity <= 1_000 else {
            throw SettingError(variable: "--kraken-intensity", expected: "expected a factor above 0 and up to 1000")
        }
        kraken.intensity = krakenIntensity
        for pair in krakenPairs where !kraken.add(pair) {
            throw SettingError(
                variable: "--kraken-pair", expected: "expected NAME[:RATE[:LISTED[:DELISTED]]]: LINKUSD:0.5:2024-02-01:2025-02-01")
        }
        let names = Set(kraken.all.map(\.name))
        for name in krakenOnly where !names.contains(name) {
            throw SettingError(variable: "--kraken-only", expected: "expected one of \(names.sorted().joined(separator: ", "))")
        }
        kraken.only = Set(krakenOnly)
        return kraken
    }

    private func write(_ configuration: Sandbox.Configuration, to directory: String) throws {
        var options = Sandbox.ArchiveOptions(configuration)
        if let archiveThrough {
            guard let through = Sandbox.KrakenConfiguration.instant(archiveThrough) else {
                throw SettingError(variable: "--archive-through", expected: "expected a day or an instant: 2025-04-01")
            }
            options.through = through
        }
        if let archive {
            do throws(Sandbox.Faults.Refused) {
                try options.change(by: Array(archive.utf8))
            } catch {
                throw SettingError(variable: "--archive", expected: error.description)
            }
        }
        let files = try Sandbox.writeArchives(configuration, to: directory, options)
        let rows = files.reduce(0) { $0 + $1.rows }
        say("sandbox: \(files.count) files of \(Set(files.map(\.pair)).count) pairs, \(rows) rows, in \(directory)")
    }
}
