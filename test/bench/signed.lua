-- Load for wrk: legacy webhooks of a fixed size, each with ids of its own and signed as the vendor signs,
-- so that no two are the same event. The MAC comes from OpenSSL, which wrk itself is linked with.
local ffi = require("ffi")
ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *d, size_t n,
                      unsigned char *out, unsigned int *out_len);
  int EVP_EncodeBlock(unsigned char *t, const unsigned char *f, int n);
]]
local crypto = ffi.load("crypto.so.3")
local sha256 = crypto.EVP_sha256()
local out = ffi.new("unsigned char[32]")
local text = ffi.new("unsigned char[64]")
local length = ffi.new("unsigned int[1]")

local key, size, run, thread, count, head, tail, escapedHead, escapedTail
local threads = 0

local function escape(s) return (s:gsub('\\', '\\\\'):gsub('"', '\\"')) end

function setup(t)
  threads = threads + 1
  t:set("threadNumber", threads)
end

function init(args)
  key, size, run = args[1], tonumber(args[2]), args[3]
  thread, count = threadNumber, 0
  head = '[{"extractionId":"OXsMc1pD","batchId":"' .. run .. '-' .. thread .. '-'
  local lines = {}
  local middle = '","fileId":"fil_1","fileName":"invoice-1.pdf","status":"processed","result":{"invoice_number":"INV-2026-001","total":1250.5,"currency":"EUR","items":['
  local finish = ']},"url":"https://files.example.com/invoice-1.pdf"}]'
  local room = size - #head - #middle - #finish - 10
  local used, n = 0, 0
  while true do
    n = n + 1
    local line = string.format('{"name":"Toner cartridge no. %d","qty":%d,"price":%d.95,"taxable":true}', n, n, n * 3)
    if used + #line + 1 > room then break end
    lines[n] = line
    used = used + #line + 1
  end
  tail = middle .. table.concat(lines, ",") .. finish
  escapedHead, escapedTail = escape(head), escape(tail)
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
end

function request()
  count = count + 1
  local id = string.format("%010d", count)
  local signed = head .. id .. tail
  crypto.HMAC(sha256, key, #key, ffi.cast("const unsigned char *", signed), #signed, out, length)
  crypto.EVP_EncodeBlock(text, out, 32)
  wrk.headers["x-webhook-signature"] = ffi.string(text, 44)
  return wrk.format(nil, nil, nil, '{"result":"' .. escapedHead .. id .. escapedTail .. '"}')
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"max":%.3f,"bad":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
