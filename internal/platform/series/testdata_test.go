package series

// The examples of the Prometheus HTTP API documentation (its "data" objects), letter for letter but for white space, and the samples
// behind them. The second target of the first example is written localhost:9100 there, of the second localhost:9091.

const instantExample = `{
  "resultType" : "vector",
  "result" : [
     {
        "metric" : {
           "__name__" : "up",
           "job" : "prometheus",
           "instance" : "localhost:9090"
        },
        "value": [ 1435781451.781, "1" ]
     },
     {
        "metric" : {
           "__name__" : "up",
           "job" : "node",
           "instance" : "localhost:9100"
        },
        "value" : [ 1435781451.781, "0" ]
     }
  ]
}`

const rangeExample = `{
  "resultType" : "matrix",
  "result" : [
     {
        "metric" : {
           "__name__" : "up",
           "job" : "prometheus",
           "instance" : "localhost:9090"
        },
        "values" : [
           [ 1435781430.781, "1" ],
           [ 1435781445.781, "1" ],
           [ 1435781460.781, "1" ]
        ]
     },
     {
        "metric" : {
           "__name__" : "up",
           "job" : "node",
           "instance" : "localhost:9091"
        },
        "values" : [
           [ 1435781430.781, "0" ],
           [ 1435781445.781, "0" ],
           [ 1435781460.781, "1" ]
        ]
     }
  ]
}`

const seriesExample = `[
  {
     "__name__" : "up",
     "job" : "prometheus",
     "instance" : "localhost:9090"
  },
  {
     "__name__" : "up",
     "job" : "node",
     "instance" : "localhost:9091"
  },
  {
     "__name__" : "process_start_time_seconds",
     "job" : "prometheus",
     "instance" : "localhost:9090"
  }
]`
