import Databases
import Testing

@Suite struct ODBCSettingsTests {
    @Test func aPasswordInTheStringIsHidden() {
        let settings = ODBCSettings(connectionString: "Driver=/a/b.so;UID=me;PWD={hun;ter2}};Server=x};Server=db")
        #expect(settings.connectionString == "Driver=/a/b.so;UID=me;Server=db")
        #expect(settings.password == ODBCSecret("hun;ter2};Server=x"))
        #expect(settings.name == "b.so db")
        #expect(!"\(settings)".contains("hun"))
    }

    @Test func whatOthersCallAPasswordIsHiddenToo() {
        let settings = ODBCSettings(connectionString: "dsn=shop; password = secret ;x=1")
        #expect(settings.connectionString == "dsn=shop;x=1")
        #expect(settings.password == ODBCSecret("secret"))
        #expect(settings.name == "ODBC data source shop")
    }

    @Test(arguments: [
        ("plain", "plain"), ("a;b", "{a;b}"), ("a}b", "{a}}b}"), ("{x}", "{{x}}}"), (" a", "{ a}"), ("a=b", "{a=b}"),
        ("50%", "{50%}"), ("", ""),
    ])
    func valuesAreEscaped(_ value: String, _ escaped: String) {
        let settings = ODBCSettings(driver: "d", [("Key", value)])
        #expect(settings.connectionString == "Driver=d;Key=\(escaped)")
        // And read back the same.
        #expect(ODBCSettings(connectionString: settings.connectionString).connectionString == settings.connectionString)
    }

    @Test func badStringsDoNotCrash() {
        for text in ["", ";", "=", "a", "a=", "a={", "a={}", "a={}}", "a={b}c;d=e", ";;a=b;;", "{a}=b"] {
            _ = ODBCSettings(connectionString: text).name
        }
        #expect(ODBCSettings(connectionString: "a={b}c;d=e").connectionString == "a=b;d=e")
    }
}
