internal import HTTP
internal import Series

/// What is kept complete here.
extension Service {
    func listDatasets(_ request: Request) async -> Response {
        await read(request) { (request: Request) throws(Failure) in
            try self.takeNothing(request)
            return .datasets
        }
    }

    func oneDataset(_ request: Request) async -> Response {
        await read(request) { (request: Request) throws(Failure) in
            let dataset = try self.dataset(of: request)
            try self.takeNothing(request)
            return .dataset(dataset.name)
        }
    }
}
