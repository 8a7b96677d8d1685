"""The shell around the domain: Kafka, Faust, Redis and the command line. Only this package acts."""
