/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One OpenSearch node on the loopback address until the process is ended, run from source:
 *   java -cp CLASSPATH OpenSearch.java DIRECTORY HTTP_PORT
 * Errors of the start are shown, which the runner's own main() keeps to itself.
 */
import org.codelibs.opensearch.runner.OpenSearchRunner;

public class OpenSearch
{
  public static void main(String[] arguments) throws Exception
  {
    OpenSearchRunner runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> {
      settings.put("http.port", arguments[1]);
      settings.put("transport.port", "0");
      settings.put("discovery.type", "single-node");
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
      settings.put("cluster.max_shards_per_node", 10000);
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try
        {
          runner.close();
        }
      catch (Exception error)
        {
          error.printStackTrace();
        }
    }));
    runner.build("-basePath", arguments[0], "-numOfNode", "1", "-disableESLogger");
    System.out.println("ready");
    while (!runner.isClosed())
      Thread.sleep(1000);
  }
}
