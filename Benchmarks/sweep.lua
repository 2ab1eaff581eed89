-- For wrk: asks for one target of a file after the other from line FIRST on (0: the first), round and round.
-- `wrk ... -s sweep.lua URL -- FILE FIRST`
local requests, last = {}, 0

function init(arguments)
    for target in io.lines(arguments[1]) do requests[#requests + 1] = wrk.format("GET", target) end
    last = tonumber(arguments[2])
end

function request()
    last = last % #requests + 1
    return requests[last]
end
