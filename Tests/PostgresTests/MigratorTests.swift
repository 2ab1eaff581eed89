import EventLoop
import Postgres
import Testing

@Suite struct MigratorTests {
    private final class Notes {
        var applied: [String] = []
    }

    private static let steps = [
        Migration(name: "0001 series", script: "create table series (id int); insert into series values (1)"),
        Migration(name: "0002 more", script: "insert into series values (2); select pg_sleep(0.02)"),
        Migration(name: "0003 index", script: "create index on series (id)"),
    ]

    @Test func fourAtOnceApplyEachStepOnce() async throws {
        let configuration = try await freshDatabase()
        try await onLoop { loop in
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        await loop.enter { loop in
                            do {
                                let connection = try await PostgresConnection.connect(configuration, on: loop)
                                loop[notes].applied += try await Migrator(Self.steps).run(on: connection)
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(loop[notes].applied.sorted() == Self.steps.map(\.name))
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            #expect(try await connection.query("select count(*) from series").only().int(0) == 2)
            #expect(try await Migrator(Self.steps).pending(on: connection).isEmpty)
            #expect(try await Migrator(Self.steps).run(on: connection).isEmpty)
        }
    }

    @Test func anAppliedStepMayNotChange() async throws {
        try await withConnection { connection in
            try await Migrator(Array(Self.steps.prefix(2))).run(on: connection)
            var changed = Self.steps
            changed[1] = Migration(name: changed[1].name, script: changed[1].script + " ")
            let error = await failure(MigrationChanged.self) { try await Migrator(changed).run(on: connection) }
            #expect(error?.name == "0002 more")
            #expect(try await Migrator(Self.steps).pending(on: connection) == ["0003 index"])
        }
    }

    @Test func aStepThatFailsLeavesNothingAndMayBeMended() async throws {
        try await withConnection { connection in
            let first = Self.steps[0]
            let broken = Migration(name: "0002", script: "create table half (id int); select 1/0")
            #expect(await failure { try await Migrator([first, broken]).run(on: connection) }?.sqlstate == "22012")
            let isAbsent = try await connection.query("select to_regclass('half') is null").only().bool(0)
            #expect(isAbsent)
            let mended = Migration(name: "0002", script: "create table half (id int)")
            let applied = try await Migrator([first, mended]).run(on: connection)
            #expect(applied == ["0002"])
        }
    }

    @Test func aStepMayNotEndItsTransaction() async throws {
        try await withConnection { connection in
            let sly = Migration(name: "sly", script: "create table a (id int); commit")
            #expect(await failure { try await Migrator([sly]).run(on: connection) }?.kind == .misuse)
        }
    }
}
