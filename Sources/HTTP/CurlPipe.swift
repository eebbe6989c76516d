import CCurl
import CCurlShims
import Glibc

/// The bytes of a transfer between libcurl, which brings them, and the thread that takes them; bounded, as libcurl is told
/// to pause when nobody takes what waits.
final class CurlPipe {
    /// Bytes that may wait before the transfer pauses; one more piece of libcurl's (at most 512 KB) may come on top.
    static let capacity = 1 << 20

    private let buffer = BodyBuffer(capacity: CurlPipe.capacity + (512 << 10))
    private var start = 0
    private(set) var isPaused = false

    /// Bytes that wait.
    var waiting: Int { buffer.count - start }

    /// What libcurl's write function answers: how much was taken, or that it has to wait.
    func take(_ source: UnsafeRawPointer, _ length: Int) -> Int {
        if waiting > 0, waiting + length > CurlPipe.capacity {
            isPaused = true
            return curl_shim_write_pause
        }
        if start == buffer.count {
            buffer.removeAll()
            start = 0
        }
        return buffer.append(source, count: length) ? length : 0
    }

    /// Moves what waits into `room`; 0 when nothing does.
    func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(waiting, room.count)
        guard count > 0, let target = room.baseAddress else { return 0 }
        memcpy(target, buffer.base + start, count)
        start += count
        return count
    }

    /// The transfer goes on.
    func resume() { isPaused = false }
}

/// Drives one transfer at a time, piece by piece, on the caller's thread; connections stay for the next one.
final class CurlMulti {
    private let multi: UnsafeMutableRawPointer
    private var easy: CurlEasy?
    private let isCancelled: () -> Bool
    /// How the transfer ended; nil while it runs.
    private(set) var result: CURLcode?

    init(isCancelled: @escaping () -> Bool) throws(HTTPError) {
        guard let multi = curl_multi_init() else {
            throw HTTPError(.transient, .outOfMemory, "No memory for a transfer.")
        }
        self.multi = multi
        self.isCancelled = isCancelled
    }

    deinit {
        stop()
        curl_multi_cleanup(multi)
    }

    /// Begins the transfer that `easy` was set up for, whose bytes go into its pipe.
    func begin(_ easy: CurlEasy) throws(HTTPError) {
        stop()
        result = nil
        guard curl_multi_add_handle(multi, easy.handle) == CURLM_OK else {
            throw HTTPError(.transient, .outOfMemory, "libcurl takes no transfer.")
        }
        self.easy = easy
    }

    /// Gives the transfer up, wherever it is.
    func stop() {
        if let easy { curl_multi_remove_handle(multi, easy.handle) }
        easy = nil
    }

    /// Waits until bytes wait in the pipe, or the transfer has ended.
    func advance() {
        guard let easy, let pipe = easy.pipe else { return }
        while pipe.waiting == 0, result == nil {
            if isCancelled() {
                result = CURLE_ABORTED_BY_CALLBACK
                return
            }
            if pipe.isPaused {
                pipe.resume()
                // Brings what was held back by itself.
                curl_easy_pause(easy.handle, CURLPAUSE_CONT)
                continue
            }
            var running: Int32 = 0
            guard curl_multi_perform(multi, &running) == CURLM_OK else {
                result = CURLE_OUT_OF_MEMORY
                return
            }
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                if message.pointee.msg == CURLMSG_DONE { result = message.pointee.data.result }
            }
            if pipe.waiting == 0, result == nil { curl_multi_poll(multi, nil, 0, 250, nil) }
        }
    }
}
