//! The host's functions, and how values lie in memory on their way: the canonical ABI of the component model.

use std::alloc::{self, Layout};
use std::mem::ManuallyDrop;

/// Declares the functions of one interface.
macro_rules! interface {
    ($module:literal: $($name:literal $vis:vis fn $function:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        #[cfg(target_arch = "wasm32")]
        #[link(wasm_import_module = $module)]
        extern "C" {
            $(#[link_name = $name] $vis fn $function($($argument: $kind),*) $(-> $result)?;)*
        }
        $(#[cfg(not(target_arch = "wasm32"))]
        $vis unsafe extern "C" fn $function($(_: $kind),*) $(-> $result)? { unreachable!("this crate is for WebAssembly") })*
    };
}
pub(crate) use interface;

type Bytes = *const u8;
type Area = *mut u8;

interface! { "wasi:http/types@0.2.0":
    "[resource-drop]fields" fn drop_fields(fields: i32);
    "[resource-drop]incoming-request" pub fn drop_request(request: i32);
    "[resource-drop]incoming-body" pub fn drop_incoming_body(body: i32);
    "[resource-drop]outgoing-request" pub fn drop_outgoing(request: i32);
    "[resource-drop]outgoing-body" pub fn drop_outgoing_body(body: i32);
    "[resource-drop]incoming-response" pub fn drop_incoming_response(response: i32);
    "[resource-drop]future-incoming-response" pub fn drop_future(future: i32);
    "[static]fields.from-list" fn fields_from_list(list: Bytes, length: usize, area: Area);
    "[method]fields.entries" fn fields_entries(fields: i32, area: Area);
    "[method]incoming-request.method" pub fn request_method(request: i32, area: Area);
    "[method]incoming-request.path-with-query" pub fn request_path(request: i32, area: Area);
    "[method]incoming-request.headers" pub fn request_headers(request: i32) -> i32;
    "[method]incoming-request.consume" pub fn request_consume(request: i32, area: Area);
    "[constructor]outgoing-response" pub fn response_new(headers: i32) -> i32;
    "[method]outgoing-response.set-status-code" pub fn response_status(response: i32, status: i32) -> i32;
    "[method]outgoing-response.body" pub fn response_body(response: i32, area: Area);
    "[static]response-outparam.set" pub fn outparam_set(
        out: i32, failed: i32, response: i32, a: i32, b: u64, c: Area, d: Area, e: usize, f: i32
    );
    "[method]outgoing-body.write" pub fn body_write(body: i32, area: Area);
    "[static]outgoing-body.finish" pub fn body_finish(body: i32, has_trailers: i32, trailers: i32, area: Area);
    "[constructor]outgoing-request" pub fn outgoing_new(headers: i32) -> i32;
    "[method]outgoing-request.body" pub fn outgoing_body(request: i32, area: Area);
    "[method]outgoing-request.set-method" pub fn outgoing_method(
        request: i32, method: i32, text: Bytes, length: usize
    ) -> i32;
    "[method]outgoing-request.set-scheme" pub fn outgoing_scheme(
        request: i32, given: i32, scheme: i32, text: Bytes, length: usize
    ) -> i32;
    "[method]outgoing-request.set-authority" pub fn outgoing_authority(
        request: i32, given: i32, text: Bytes, length: usize
    ) -> i32;
    "[method]outgoing-request.set-path-with-query" pub fn outgoing_path(
        request: i32, given: i32, text: Bytes, length: usize
    ) -> i32;
    "[method]incoming-response.status" pub fn incoming_status(response: i32) -> i32;
    "[method]incoming-response.headers" pub fn incoming_headers(response: i32) -> i32;
    "[method]incoming-response.consume" pub fn incoming_consume(response: i32, area: Area);
    "[method]incoming-body.stream" pub fn incoming_stream(body: i32, area: Area);
    "[method]future-incoming-response.subscribe" pub fn future_subscribe(future: i32) -> i32;
    "[method]future-incoming-response.get" pub fn future_get(future: i32, area: Area);
}

interface! { "wasi:http/outgoing-handler@0.2.0":
    "handle" pub fn outgoing_handle(request: i32, has_options: i32, options: i32, area: Area);
}

interface! { "wasi:io/poll@0.2.0":
    "[method]pollable.block" fn pollable_block(pollable: i32);
    "[resource-drop]pollable" fn drop_pollable(pollable: i32);
}

interface! { "wasi:io/error@0.2.0":
    "[method]error.to-debug-string" fn error_text(error: i32, area: Area);
    "[resource-drop]error" fn drop_error(error: i32);
}

interface! { "wasi:io/streams@0.2.0":
    "[method]input-stream.blocking-read" pub fn stream_read(stream: i32, most: u64, area: Area);
    "[resource-drop]input-stream" pub fn drop_input(stream: i32);
    "[method]output-stream.check-write" pub fn stream_room(stream: i32, area: Area);
    "[method]output-stream.write" pub fn stream_write(stream: i32, data: Bytes, length: usize, area: Area);
    "[method]output-stream.blocking-write-and-flush" fn stream_write_and_flush(
        stream: i32, data: Bytes, length: usize, area: Area
    );
    "[method]output-stream.flush" pub fn stream_flush(stream: i32, area: Area);
    "[method]output-stream.subscribe" pub fn stream_subscribe(stream: i32) -> i32;
    "[resource-drop]output-stream" pub fn drop_output(stream: i32);
}

interface! { "wasi:cli/stderr@0.2.0":
    "get-stderr" fn stderr() -> i32;
}

/// Where a host function leaves its result: as large and as aligned as the largest of them.
#[repr(align(8))]
pub struct Results([u8; 64]);

impl Results {
    /// Calls a host function with the place for its result.
    pub fn of(call: impl FnOnce(Area)) -> Self {
        let mut results = Self([0; 64]);
        call(results.0.as_mut_ptr());
        results
    }

    /// The number of the case at `offset`, or a boolean.
    pub fn case(&self, offset: usize) -> u8 {
        self.0[offset]
    }

    pub fn u32(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.0[offset..offset + 4].try_into().unwrap())
    }

    pub fn u64(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.0[offset..offset + 8].try_into().unwrap())
    }

    pub fn handle(&self, offset: usize) -> i32 {
        self.u32(offset) as i32
    }

    /// Address and length of the list at `offset`.
    pub fn list(&self, offset: usize) -> (*mut u8, usize) {
        (self.u32(offset) as usize as *mut u8, self.u32(offset + 4) as usize)
    }

    /// Takes over the bytes whose address and length are at `offset`.
    ///
    /// # Safety
    ///
    /// The host has left a list of bytes or a string there, and nobody took it yet.
    pub unsafe fn bytes(&self, offset: usize) -> Vec<u8> {
        let (address, length) = self.list(offset);
        unsafe { owned_bytes(address, length) }
    }

    /// The same as text.
    ///
    /// # Safety
    ///
    /// As for `bytes`.
    pub unsafe fn text(&self, offset: usize) -> String {
        into_text(unsafe { self.bytes(offset) })
    }
}

/// Takes over bytes that the host has put into memory of ours.
///
/// # Safety
///
/// They were made by `reallocate` with alignment 1, and nobody took them yet.
pub unsafe fn owned_bytes(address: *mut u8, length: usize) -> Vec<u8> {
    if length == 0 {
        return Vec::new();
    }
    unsafe { Vec::from_raw_parts(address, length, length) }
}

/// Bytes as text; what is no UTF-8 in them is replaced.
pub fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Takes over a list that the host has put into memory of ours: each element is given by its address, then it is freed.
///
/// # Safety
///
/// It is a list of `length` elements of `size` bytes with this alignment, made by `reallocate`; `take` takes over what
/// an element owns.
pub unsafe fn owned_list<T>(
    (address, length): (*mut u8, usize),
    size: usize,
    align: usize,
    mut take: impl FnMut(*mut u8) -> T,
) -> Vec<T> {
    let taken = (0..length).map(|at| take(unsafe { address.add(at * size) })).collect();
    if length > 0 {
        unsafe { alloc::dealloc(address, Layout::from_size_align_unchecked(length * size, align)) };
    }
    taken
}

/// Address and length of a list at an address.
///
/// # Safety
///
/// There is one.
pub unsafe fn list_at(address: *mut u8) -> (*mut u8, usize) {
    unsafe {
        let at = address.cast::<u32>();
        (at.read() as usize as *mut u8, at.add(1).read() as usize)
    }
}

/// What the host calls to put its results into memory of ours.
///
/// # Safety
///
/// By the canonical ABI.
#[doc(hidden)]
pub unsafe fn reallocate(old: *mut u8, was: usize, align: usize, size: usize) -> *mut u8 {
    unsafe {
        let made = if was == 0 {
            if size == 0 {
                return align as *mut u8;
            }
            alloc::alloc(Layout::from_size_align_unchecked(size, align))
        } else {
            alloc::realloc(old, Layout::from_size_align_unchecked(was, align), size)
        };
        if made.is_null() {
            alloc::handle_alloc_error(Layout::from_size_align_unchecked(size, align));
        }
        made
    }
}

/// Names and values of header fields; the handle is let go.
pub fn fields(handle: i32) -> Vec<(String, String)> {
    unsafe {
        let results = Results::of(|area| fields_entries(handle, area));
        let found = owned_list(results.list(0), 16, 4, |at| {
            let name = list_at(at);
            let value = list_at(at.add(8));
            (into_text(owned_bytes(name.0, name.1)), into_text(owned_bytes(value.0, value.1)))
        });
        drop_fields(handle);
        found
    }
}

/// Header fields for the host; None when one of them can't be a header.
pub fn new_fields(pairs: &[(String, Vec<u8>)]) -> Option<i32> {
    let list: Vec<[usize; 4]> = pairs
        .iter()
        .map(|(name, value)| [name.as_ptr() as usize, name.len(), value.as_ptr() as usize, value.len()])
        .collect();
    let results = Results::of(|area| unsafe { fields_from_list(list.as_ptr().cast(), list.len(), area) });
    (results.case(0) == 0).then(|| results.handle(4))
}

/// Waits until what a pollable stands for has come; the pollable is let go.
pub fn wait(pollable: i32) {
    unsafe {
        pollable_block(pollable);
        drop_pollable(pollable);
    }
}

/// What a `stream-error` at `offset` says; None for a stream that has ended.
pub fn stream_error(results: &Results, offset: usize) -> Option<std::io::Error> {
    if results.case(offset) != 0 {
        return None;
    }
    let error = results.handle(offset + 4);
    let text = unsafe {
        let text = Results::of(|area| error_text(error, area)).text(0);
        drop_error(error);
        text
    };
    Some(std::io::Error::other(text))
}

/// Writes a line to the log. Rust's own `eprintln!` does the same, but not on every target.
pub fn log(text: &str) {
    let line = format!("{text}\n");
    unsafe {
        let stream = stderr();
        for part in line.as_bytes().chunks(4096) {
            let results = Results::of(|area| stream_write_and_flush(stream, part.as_ptr(), part.len(), area));
            if results.case(0) != 0 {
                stream_error(&results, 4);
                break;
            }
        }
        drop_output(stream);
    }
}

/// Cases of `wasi:http/types.error-code`, in their order.
const CODES: [&str; 39] = [
    "DNS-timeout",
    "DNS-error",
    "destination-not-found",
    "destination-unavailable",
    "destination-IP-prohibited",
    "destination-IP-unroutable",
    "connection-refused",
    "connection-terminated",
    "connection-timeout",
    "connection-read-timeout",
    "connection-write-timeout",
    "connection-limit-reached",
    "TLS-protocol-error",
    "TLS-certificate-error",
    "TLS-alert-received",
    "HTTP-request-denied",
    "HTTP-request-length-required",
    "HTTP-request-body-size",
    "HTTP-request-method-invalid",
    "HTTP-request-URI-invalid",
    "HTTP-request-URI-too-long",
    "HTTP-request-header-section-size",
    "HTTP-request-header-size",
    "HTTP-request-trailer-section-size",
    "HTTP-request-trailer-size",
    "HTTP-response-incomplete",
    "HTTP-response-header-section-size",
    "HTTP-response-header-size",
    "HTTP-response-body-size",
    "HTTP-response-trailer-section-size",
    "HTTP-response-trailer-size",
    "HTTP-response-transfer-coding",
    "HTTP-response-content-coding",
    "HTTP-response-timeout",
    "HTTP-upgrade-failed",
    "HTTP-protocol-error",
    "loop-detected",
    "configuration-error",
    "internal-error",
];

/// What an `error-code` at `offset` says.
pub fn error_code(results: &Results, offset: usize) -> String {
    let code = usize::from(results.case(offset));
    let name = CODES.get(code).copied().unwrap_or("unknown error");
    if code == CODES.len() - 1 && results.case(offset + 8) == 1 {
        return format!("{name}: {}", unsafe { results.text(offset + 12) });
    }
    name.to_string()
}

/// A handle that is let go when it goes out of scope.
pub struct Handle(pub i32, unsafe extern "C" fn(i32));

impl Handle {
    pub fn new(handle: i32, let_go: unsafe extern "C" fn(i32)) -> Self {
        Self(handle, let_go)
    }

    /// The handle, for a function that takes it over.
    pub fn give(self) -> i32 {
        ManuallyDrop::new(self).0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) }
    }
}

/// The world that this crate is written for, as the tools that make components of modules look for it.
#[cfg(target_arch = "wasm32")]
#[link_section = "component-type:short"]
#[doc(hidden)]
pub static WORLD: [u8; 7627] = *include_bytes!("world.bin");

/// Called so that the linker keeps this part, and with it the section.
#[inline(never)]
pub fn keep_world() {}
