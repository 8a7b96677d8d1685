package benchmarks;

import java.nio.ByteBuffer;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Counts the records of each key and forwards every record with the count (8 bytes) in front.
 *
 * <p>The least that a stateful, exactly-once processor can do: one read of the state, one write, one
 * output. Everything is at its default, the commit interval (100 ms) included, save what the
 * arguments name. Arguments: brokers, application id, directory, output topic, input topics.
 */
public final class StatefulNoOp {
    private static final String STORE = "counts";

    private StatefulNoOp() {}

    /** Runs until it is told to end. */
    public static void main(String[] arguments) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[2]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        String[] inputs = new String[arguments.length - 4];
        System.arraycopy(arguments, 4, inputs, 0, inputs.length);

        KafkaStreams streams = new KafkaStreams(topology(arguments[3], inputs), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static Topology topology(String output, String... inputs) {
        return new Topology()
                .addSource("inputs", new ByteArrayDeserializer(), new ByteArrayDeserializer(), inputs)
                .addProcessor("count", Counter::new, "inputs")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(STORE), Serdes.ByteArray(), Serdes.Long()),
                        "count")
                .addSink(
                        "output", output, new ByteArraySerializer(), new ByteArraySerializer(), "count");
    }

    private static final class Counter implements Processor<byte[], byte[], byte[], byte[]> {
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<byte[], Long> counts;

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
            this.counts = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Long before = counts.get(record.key());
            long count = before == null ? 1 : before + 1;
            counts.put(record.key(), count);
            byte[] value = record.value();
            byte[] counted = ByteBuffer.allocate(8 + value.length).putLong(count).put(value).array();
            context.forward(record.withValue(counted));
        }
    }
}
