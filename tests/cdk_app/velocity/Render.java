import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/**
 * Renders API Gateway mapping templates with Apache Velocity: one case a line (template, body, parameter, id,
 * request id, JSON texts, each in base64), one rendering a line. The objects have the methods that our templates
 * use. The JSON texts alternate with their JSONPaths, a line each.
 */
public final class Render {
    public record Input(String body, String parameter, String id, List<String> texts) {
        public String getBody() {
            return body;
        }

        public String params(String name) {
            return parameter;
        }

        public String path(String expression) {
            return id;
        }

        public String json(String expression) {
            return texts.get(texts.indexOf(expression) + 1);
        }
    }

    public static final class Util {
        public String urlEncode(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8);
        }
    }

    public record RequestContext(String requestId) {
        public String getRequestId() {
            return requestId;
        }
    }

    private static String decode(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) throws Exception {
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        engine.init();
        BufferedReader cases = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = cases.readLine(); line != null; line = cases.readLine()) {
            String[] fields = line.split(" ", -1);
            VelocityContext context = new VelocityContext();
            List<String> texts = List.of(decode(fields[5]).split("\n"));
            context.put("input", new Input(decode(fields[1]), decode(fields[2]), decode(fields[3]), texts));
            context.put("util", new Util());
            context.put("context", new RequestContext(decode(fields[4])));
            StringWriter rendered = new StringWriter();
            engine.evaluate(context, rendered, "template", decode(fields[0]));
            System.out.println(
                Base64.getEncoder().encodeToString(rendered.toString().getBytes(StandardCharsets.UTF_8)));
        }
    }
}
