-- For wrk: sends `depth` requests at once and waits for all answers (HTTP/1.1 pipelining). `wrk ... -s pipeline.lua URL -- DEPTH`
local batch

function init(arguments)
    local one = wrk.format("GET")
    batch = string.rep(one, tonumber(arguments[1]))
end

function request() return batch end
