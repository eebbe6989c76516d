import Testing

@testable import Configuration

@Suite struct PartitionTests {
    static let both = [
        Partition(name: "domain", values: .list(["a", "b"])), Partition(name: "day", values: .lastDays(2)),
    ]

    func expanded(_ partitions: [Partition], _ overrides: [String: [String]] = [:], days: Int? = nil) throws -> [String]
    {
        let today = try #require(CivilDate("2026-03-02"))
        return try expand(partitions, today: today, overrides: overrides, days: days)
            .map { $0.map { "\($0.name)=\($0.value)" }.joined(separator: "/") }
    }

    func problems(_ partitions: [Partition], _ overrides: [String: [String]] = [:], days: Int? = nil) -> String {
        do {
            return "no error: \(try expanded(partitions, overrides, days: days))"
        } catch {
            return "\(error)"
        }
    }

    @Test func productInOrder() throws {
        #expect(
            try expanded(Self.both) == [
                "domain=a/day=2026-03-01", "domain=a/day=2026-02-28", "domain=b/day=2026-03-01",
                "domain=b/day=2026-02-28",
            ])
        #expect(try expanded([]) == [""])
        #expect(try expanded(Self.both, days: 1) == ["domain=a/day=2026-03-01", "domain=b/day=2026-03-01"])
    }

    @Test func spellingsOfOneLetterAreTwoValues() throws {
        let spellings = ["\u{e9}", "e\u{301}"]
        let partitions = [Partition(name: "d", values: .list(spellings))]
        #expect(try expanded(partitions, ["d": spellings]).count == 2)
        #expect(
            problems([Partition(name: "d", values: .list(["\u{e9}"]))], ["d": ["e\u{301}"]]).contains(
                "is not among its values"))
    }

    @Test func rangeHasBothEnds() throws {
        let from = try #require(CivilDate("2024-02-28"))
        let to = try #require(CivilDate("2024-03-01"))
        let days = [Partition(name: "d", values: .days(from, to))]
        #expect(try expanded(days) == ["d=2024-02-28", "d=2024-02-29", "d=2024-03-01"])
    }

    @Test func overridesLimit() throws {
        #expect(
            try expanded(Self.both, ["domain": ["b", "b"], "day": ["2020-01-01"]]) == ["domain=b/day=2020-01-01"])
        let listed = [Partition(name: "d", values: .list(["2026-01-01", "2026-01-02"]))]
        #expect(try expanded(listed, ["d": ["2026-01-05"]]) == ["d=2026-01-05"])
    }

    @Test func overrideErrors() {
        let cities = [Partition(name: "city", values: .list(["paris", "rome"]))]
        #expect(
            problems(cities, ["city": ["pari"]])
                == #"--set city: "pari" is not among its values: paris, rome; did you mean "paris"?"#)
        #expect(
            problems(cities, ["ctiy": ["x"], "zzzzzz": ["y"]]) == """
                --set: there is no partition "ctiy"; known: city; did you mean "city"?
                --set: there is no partition "zzzzzz"; known: city
                """)
        #expect(problems([], ["a": ["x"]]) == #"--set: there is no partition "a"; the stream has none"#)
        #expect(
            problems(Self.both, ["day": ["2026-02-30"]])
                == #"--set day: expected a date such as 2026-03-01, found "2026-02-30""#)
        #expect(problems(cities, days: 3) == "--days: no partition has last_days; name the days with --set")
        #expect(problems(Self.both, days: 0) == "--days: expected a whole number from 1 to 36500, found 0")
        let many = Partition(name: "n", values: .list((0..<5000).map(String.init)))
        #expect(
            problems([many, Partition(name: "m", values: .lastDays(36_500))])
                == "the partitions make more than 100000 combinations; narrow them")
    }

    @Test func datesRoundTrip() throws {
        var previous = try #require(CivilDate("0001-01-01")).adding(days: -0)
        for days in stride(from: -719_162, through: 2_932_896, by: 97) {
            let date = try #require(CivilDate(daysSinceEpoch: days))
            let (year, month, day) = date.components
            #expect(CivilDate(year: year, month: month, day: day) == date)
            #expect(CivilDate(date.description) == date)
            if let previous { #expect(previous <= date) }
            previous = date
        }
        #expect(CivilDate(daysSinceEpoch: 0)?.description == "1970-01-01")
        #expect(CivilDate(daysSinceEpoch: 2_932_897) == nil && CivilDate(daysSinceEpoch: -719_163) == nil)
        #expect(CivilDate("9999-12-31")?.adding(days: 1) == nil && CivilDate("2026-01-01")?.adding(days: .max) == nil)
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "2026-01-32", "26-01-01", "", "2026-01-0x",
        "0000-01-01", "2026/01/01", "+026-01-01", "１０26-01-01",
    ])
    func noDate(text: String) {
        #expect(CivilDate(text) == nil)
    }

    /// In one test, as the zone is the process's.
    @Test func todayInZones() {
        // 2026-03-28T23:30:00Z; summer time begins in Berlin on the 29th at 01:00Z.
        let evening = 1_774_740_600
        func day(_ zone: String, _ now: Int) -> String? { CivilDate.today(now: now, timezone: zone)?.description }
        #expect(day("UTC", evening) == "2026-03-28")
        #expect(day("Europe/Berlin", evening) == "2026-03-29")
        #expect(day("America/New_York", evening) == "2026-03-28")
        #expect(day("Pacific/Kiritimati", evening - 13 * 3600) == "2026-03-29")
        #expect(day("Europe/Berlin", evening + 22 * 3600) == "2026-03-29")
        #expect(day("Europe/Berlin", evening + 23 * 3600 - 1800) == "2026-03-30")
        #expect(day("UTC", -1) == "1969-12-31")
        #expect(day("UTC", .max) == nil && day("Europe/Berlin", .max) == nil && day("UTC", .min) == nil)
    }
}
