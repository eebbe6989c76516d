import Testing

@testable import HTTP

/// Signatures against those that AWS publishes, and listings as services write them.
@Suite struct S3Tests {
    /// "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3 API Reference.
    private static let published = AWSSignature(
        .init(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")

    private static func signature(
        _ path: String, _ query: [(String, String)], _ headers: [(name: String, value: String)] = []
    ) -> Substring? {
        let all =
            headers + [
                ("x-amz-date", "20130524T000000Z"), ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-content-sha256", AWSSignature.emptyHash),
            ]
        return published.authorization("GET", path: path, query: query, headers: all, time: "20130524T000000Z")
            .split(separator: "Signature=").last
    }

    @Test func signaturesAreThoseOfTheReference() {
        #expect(
            Self.signature("/test.txt", [], [("Range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            Self.signature("/", [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            Self.signature("/", [("prefix", "J"), ("max-keys", "2")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    /// Of the AWS Signature Version 4 test suite: get-vanilla and get-vanilla-query-order-key-case.
    @Test func signaturesAreThoseOfTheTestSuite() {
        let suite = AWSSignature(
            .init(accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        let headers = [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]
        func signature(_ query: [(String, String)]) -> String {
            suite.authorization("GET", path: "/", query: query, headers: headers, time: "20150830T123600Z")
        }
        #expect(
            signature([])
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
        #expect(
            signature([("Param2", "value2"), ("Param1", "value1")]).hasSuffix(
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"))
    }

    @Test func timesAreWrittenAndRead() {
        #expect(AWSSignature.time(1_440_938_160.9) == "20150830T123600Z")
        #expect(AWSSignature.time(951_827_696) == "20000229T123456Z")
        #expect(HTTPDate.nanoseconds("2015-08-30T12:36:00.250Z") == 1_440_938_160_250_000_000)
        #expect(HTTPDate.nanoseconds("2015-08-30T12:36:00Z") == 1_440_938_160_000_000_000)
        #expect(HTTPDate.nanoseconds("2015-08-30 12:36:00") == nil)
    }

    private func listing(_ text: String, prefix: String) -> S3Listing? {
        var bytes = Array(text.utf8)
        return bytes.withUnsafeMutableBytes { S3Listing(UnsafeRawBufferPointer($0), prefix: prefix) }
    }

    @Test func listingsAreRead() throws {
        let page = try #require(
            listing(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>in/</Prefix>
                <IsTruncated>true</IsTruncated><NextContinuationToken>1/a&amp;b==</NextContinuationToken><Delimiter/>
                <Contents><Key>in/</Key><Size>0</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>
                <Contents><Key>in/a &lt;&#233;&#x21;&gt;.csv</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
                <ETag>&quot;abc-2&quot;</ETag><Size>12</Size><Owner><ID>x</ID><DisplayName>y</DisplayName></Owner>
                <StorageClass>STANDARD</StorageClass></Contents>
                <CommonPrefixes><Prefix>in/2026/</Prefix></CommonPrefixes></ListBucketResult>
                """, prefix: "in/"))
        #expect(page.next == "1/a&b==")
        #expect(page.entries.map { String(decoding: $0.name, as: UTF8.self) } == ["2026", "a <é!>.csv"])
        #expect(
            page.entries.last?.object
                == RemoteObject(size: 12, modified: 1_767_225_600_000_000_000, tag: "\"abc-2\""))
    }

    @Test func encodedKeysAreDecoded() throws {
        let page = try #require(
            listing(
                "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a+b%2Bc%C3%A9%0A</Key>"
                    + "<Size>1</Size></Contents></ListBucketResult>", prefix: ""))
        #expect(page.entries.map { String(decoding: $0.name, as: UTF8.self) } == ["a b+cé\n"])
        #expect(page.next == nil)
    }

    @Test(arguments: [
        "", "<html><body>welcome</body></html>", "<ListBucketResult><Contents><Key>a</Key><Size>1</Size>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>other</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Name>a&b</Name></ListBucketResult>",
    ])
    func whatIsNoListingIsRefused(text: String) {
        #expect(listing(text, prefix: text.contains("other") ? "in/" : "") == nil)
    }

    /// A listing that is cut anywhere is none, as the rest of its entries would be missing without a word.
    @Test func aCutListingIsNone() {
        let text =
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"
        for length in 0..<text.utf8.count {
            #expect(listing(String(text.prefix(length)), prefix: "") == nil, "\(length)")
        }
        #expect(listing(text, prefix: "")?.entries.count == 1)
    }

    /// Nothing that a server can send ends the program.
    @Test func anyBytesAreReadOrRefused() {
        #expect(listing("<ListBucketResult>" + String(repeating: "<a>", count: 300_000), prefix: "") == nil)
        var state: UInt64 = 42
        let pieces = [
            "<", ">", "/", "</", "/>", "<a>", "</a>", "&", "&amp;", "&#x;", "&#99999999;", "<!--", "<?", "?>",
            "Contents", "<Contents>",
            "</Contents>", "<Key>", "</Key>", "<Size>", "</Size>", "1", "%", "+", "<CommonPrefixes>", "<Prefix>", "é",
        ]
        for _ in 0..<20_000 {
            var text = "<ListBucketResult>"
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            _ = listing(text, prefix: "")
        }
    }

    @Test func listingsOfSFTPServersAreJoined() {
        func entries(_ names: [String], _ details: [String]) -> [RemoteEntry]? {
            SFTPConnection.entries(names.map { Array($0.utf8) }, details.map { Array($0.utf8) })
        }
        let found = entries(
            [".", "a b", "d", "l"],
            [
                "drwxr-xr-x 1 x y 1 Nov 27 18:47 .", "-rw-r--r-- 1 x y 8 Nov 27 18:47 a b", "d--------- ? ? d",
                "lrwxrwxrwx 1 x y 7 Nov 27 18:47 l -> a b",
            ])
        #expect(found?.map(\.kind) == [.file, .directory, .symbolicLink])
        #expect(entries(["a", "b"], ["-rw a"]) == nil)
        #expect(entries(["a"], ["-rw b"]) == nil)
    }
}
