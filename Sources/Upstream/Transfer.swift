internal import CCurl
internal import EventLoop

/// One easy handle and what has come for it. The task that made it holds it until the handle is cleaned up; curl holds
/// an unretained pointer.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    let waiter: Waiter
    let place: String
    private(set) var outcome: Result<Fetched, FetchError>?

    private static let reservedMax = 4 << 20
    /// A page of some hundred kilobytes in a few reads (CURLOPT_BUFFERSIZE(3); 16 kB if nothing is said).
    private static let readBytes = 128 << 10

    private let limits: Fetch.Limits
    private let began = Deadline.now
    private var fields: [(name: String, value: String)] = []
    private var headBytes = 0
    private var body: [UInt8] = []
    private var overflow: String?
    private var lines: UnsafeMutablePointer<curl_slist>?
    private let post: [UInt8]
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ fetch: Fetch, agent: String, on loop: Loop) throws(FetchError) {
        place = fetch.place
        guard fetch.path.hasPrefix("/"), let headerLines = fetch.headerLines else {
            errorText.deallocate()
            throw FetchError(.invalidRequest, fetch.place, "a path without its slash, or a header field with a line break")
        }
        guard let handle = curl_easy_init() else {
            errorText.deallocate()
            throw FetchError(.invalidRequest, fetch.place, "no memory for a transfer")
        }
        self.handle = handle
        waiter = Waiter(loop)
        limits = fetch.limits
        errorText[0] = 0
        if case .post(_, let bytes) = fetch.method { post = bytes } else { post = [] }
        for line in headerLines { lines = curl_slist_append(lines, line) }
        setTarget(fetch, agent)
        setLimits(fetch.limits)
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(lines)
        errorText.deallocate()
    }

    private func setTarget(_ fetch: Fetch, _ agent: String) {
        ccurl_set_text(handle, CURLOPT_URL, fetch.url)
        ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, fetch.base.scheme)
        ccurl_set_text(handle, CURLOPT_USERAGENT, agent)
        ccurl_set_list(handle, CURLOPT_HTTPHEADER, lines)
        ccurl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "gzip")
        ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_set_long(handle, CURLOPT_HTTP09_ALLOWED, 0)
        ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1)
        ccurl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2)
        ccurl_set_long(handle, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        // The empty text switches the proxies of the environment off (CURLOPT_PROXY(3)).
        ccurl_set_text(handle, CURLOPT_PROXY, "")
        if case .post(_, let bytes) = fetch.method {
            ccurl_set_long(handle, CURLOPT_POST, 1)
            ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, bytes.count)
            bytes.withUnsafeBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { text in
                    if let start = text.baseAddress { ccurl_set_text(handle, CURLOPT_COPYPOSTFIELDS, start) }
                }
            }
        }
    }

    private func setLimits(_ limits: Fetch.Limits) {
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_BUFFERSIZE, Self.readBytes)
        // Without it, ending a transfer that is still resolving joins the resolver's thread and so blocks the loop
        // (CURLOPT_QUICK_EXIT(3), since 7.87).
        ccurl_set_long(handle, CURLOPT_QUICK_EXIT, 1)
        ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.milliseconds)
        ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, limits.total.milliseconds)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, limits.bytesPerSecond)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, limits.slowFor.milliseconds / 1000))
    }

    private func setCallbacks() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(handle, CURLOPT_PRIVATE, me)
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, me)
        ccurl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            Unmanaged<Transfer>.fromOpaque(me!).takeUnretainedValue().took(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, me)
        ccurl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
            Unmanaged<Transfer>.fromOpaque(me!).takeUnretainedValue().took(line: UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    // MARK: Called by curl

    /// How much was taken; less than was given makes curl end the transfer (CURLOPT_WRITEFUNCTION(3)).
    private func took(body bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= limits.body else {
            overflow = "the body is larger than \(limits.body) bytes"
            return 0
        }
        if body.isEmpty { reserve() }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    /// One block for the whole body, where its length was told: growing step by step touches twice the memory and copies as much.
    private func reserve() {
        var length: curl_off_t = -1
        ccurl_get_offset(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        // A long announcement is not yet a long body.
        if length > 0 { body.reserveCapacity(min(Int(length), limits.body, Self.reservedMax)) }
    }

    private func took(line bytes: UnsafeRawBufferPointer) -> Int {
        headBytes += bytes.count
        guard headBytes <= limits.head else {
            overflow = "the head is larger than \(limits.head) bytes"
            return 0
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // A new head: what came before belonged to an interim answer (RFC 9110, section 15.2).
            fields = []
        } else if let colon = text.firstIndex(of: ":") {
            let value = Array(text[text.index(after: colon)...].utf8).trimmingSpaces()
            fields.append((text[..<colon].lowercased(), String(decoding: value, as: UTF8.self)))
        }
        return bytes.count
    }

    // MARK: End

    /// Curl has ended it. Called with the handle still in the multi.
    func finish(_ code: CURLcode) {
        guard outcome == nil else { return }
        outcome = code == CURLE_OK ? .success(fetched()) : .failure(failure(code))
        waiter.wake()
    }

    func fail(_ error: FetchError) {
        guard outcome == nil else { return }
        outcome = .failure(error)
        waiter.wake()
    }

    private func fetched() -> Fetched {
        var status = 0, opened = 0, wire: curl_off_t = 0
        ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        ccurl_get_long(handle, CURLINFO_NUM_CONNECTS, &opened)
        ccurl_get_offset(handle, CURLINFO_SIZE_DOWNLOAD_T, &wire)
        return Fetched(
            status: status, headers: fields, body: body, nanoseconds: Int64(Deadline.now.nanoseconds - began.nanoseconds),
            bytesReceived: Int(wire), connectionsOpened: opened)
    }

    private func failure(_ code: CURLcode) -> FetchError {
        if let overflow { return FetchError(.tooLarge, place, overflow, received: body.count) }
        let kind = FetchError.Class(code)
        var reason = String(cString: curl_easy_strerror(code))
        // curl's longer text may hold the URL, but for TLS it names what is wrong with the certificate, and no more.
        if kind == .certificate || kind == .tls, errorText[0] != 0 { reason = String(cString: errorText) }
        var system = 0
        ccurl_get_long(handle, CURLINFO_OS_ERRNO, &system)
        if kind == .connect, system != 0 { reason = SystemError(code: Int32(system), call: reason).description }
        return FetchError(kind, place, reason, received: body.count)
    }
}

extension FetchError.Class {
    init(_ code: CURLcode) {
        self = switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_COULDNT_CONNECT: .connect
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            .certificate
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_SHUTDOWN_FAILED: .tls
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR: .cutOff
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        // (An answer that is not HTTP/1 counts as an "unsupported protocol"; our own scheme was checked before.)
        case CURLE_URL_MALFORMAT, CURLE_OUT_OF_MEMORY: .invalidRequest
        default: .violation
        }
    }
}

extension Duration {
    /// Whole milliseconds, at least 1: 0 would mean "no limit" to curl.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
